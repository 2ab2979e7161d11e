"""The lecture's derivations."""

import pkgutil
from dataclasses import replace
from importlib import import_module

from emtutor.derivation import Derivation

ALL: dict[str, Derivation] = {}  # by name, in the order of the topics' modules

for _module in pkgutil.iter_modules(__path__):
    for _name, _value in vars(import_module(f"{__name__}.{_module.name}")).items():
        if isinstance(_value, Derivation):
            ALL[_name] = replace(_value, name=_name)

globals().update(ALL)
__all__ = ["ALL", *ALL]
