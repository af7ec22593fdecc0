"""pyas2lib, an optional extra (GPL-2.0): here and in the other `as2_` modules only.

oscrypto 1.3.0 beneath it looks for OpenSSL's version with one digit a place, and stops at 3.0.10 and
later. Its module is loaded here with that one pattern put right.
"""

import logging
import sys
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any

FINDS_VERSION = "oscrypto._openssl._libcrypto_cffi"
NARROW, WIDE = r"\\b(\\d\\.\\d\\.\\d[a-z]*)\\b", r"\\b(\\d+\\.\\d+\\.\\d+[a-z]*)\\b"


class As2MissingError(Exception):
    """pyas2lib is not installed."""


def is_installed() -> bool:
    return find_spec("pyas2lib") is not None


def load() -> Any:
    """The module pyas2lib.as2. Raises As2MissingError."""
    if not is_installed():
        raise As2MissingError("--as2 needs pyas2lib: pip install pyas2lib")
    if FINDS_VERSION not in sys.modules:
        sys.modules[FINDS_VERSION] = put_right(FINDS_VERSION)
    logging.getLogger("pyas2lib").disabled = True  # it logs what messages say
    return import_module("pyas2lib.as2")


def put_right(name: str) -> ModuleType:
    found = find_spec(name)
    if found is None or found.origin is None:
        raise As2MissingError("oscrypto is not as pyas2lib needs it")
    loader = SourceFileLoader(name, found.origin)
    spec = spec_from_loader(name, loader)
    if spec is None:
        raise As2MissingError("oscrypto is not as pyas2lib needs it")
    module = module_from_spec(spec)
    source = loader.get_data(found.origin).decode().replace(NARROW, WIDE)
    exec(compile(source, found.origin, "exec"), module.__dict__)  # noqa: S102 - the installed library's own
    return module
