"""A function as bytes: by value, with what it uses of the notebook, and with the names of its files."""

import io
import site
import sys
import sysconfig
from collections import ChainMap
from types import CodeType
from typing import ClassVar

import cloudpickle

HEAVIEST = 2**28  # bytes of a function with all that it uses; more does not travel


def packed(function):
    """The function's bytes for `cloudpickle.loads` in a worker, or None if it cannot travel."""
    try:
        module = sys.modules.get(function.__module__)
        own = module is not None and _is_own(module)
        if own:
            cloudpickle.register_pickle_by_value(module)
        try:
            file = io.BytesIO()
            _Pickler(file).dump(function)
        finally:
            if own:
                cloudpickle.unregister_pickle_by_value(module)
    except Exception:  # whatever an object may raise that is asked to be packed
        return None
    return file.getvalue() if file.tell() <= HEAVIEST else None


def _filed(build, arguments, file):
    """Code that knows the file it was written in: cloudpickle forgets it, and no line could be shown."""
    return build(*arguments).replace(co_filename=file)


def _reduced(code):
    return _filed, (*cloudpickle.Pickler.dispatch_table[CodeType](code)[:2], code.co_filename)


class _Pickler(cloudpickle.Pickler):
    dispatch_table: ClassVar = ChainMap({CodeType: _reduced}, cloudpickle.Pickler.dispatch_table)


_LIBRARIES = tuple({*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()})


def _is_own(module):
    """A module of somebody's own: neither a library nor this package; its text may have changed since it was read."""
    file = getattr(module, "__file__", None)
    return bool(file) and module.__name__.partition(".")[0] != "emtutor" and not file.startswith(_LIBRARIES)
