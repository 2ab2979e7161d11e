"""The lecture's derivations, one file a topic: `derivations.grad_mu.run()`.

`derivations.ALL` has them all by name. Those that break on purpose say so in `breaks`: what the slides print, and
counterexamples.

A derivation is found by being written down as a module's variable.
"""

import pkgutil
from dataclasses import replace
from importlib import import_module

from emtutor.derivations import chains
from emtutor.derivations.engine import Derivation

ALL: dict[str, Derivation] = {}  # by name, in the order of the topics' modules

for _module in pkgutil.iter_modules(chains.__path__, f"{chains.__name__}."):
    for _name, _value in vars(import_module(_module.name)).items():
        if isinstance(_value, Derivation):
            ALL[_name] = replace(_value, name=_name)

globals().update(ALL)
__all__ = ["ALL", *ALL]
