"""Imports two libraries without what they import for features that the daemon never uses.

jsonrpcserver imports jsonschema to check requests, which `dispatch` does itself, and an HTTP
server; both import asyncio, for coroutines. With all that the first reply would take a third
longer and the daemon 10 MB more. Stand-ins are there for as long as the libraries are imported, and
for nobody else: docs/adr/0004.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NoReturn

_LIBRARIES: Final = ("jsonrpcserver", "loguru")
_NO_HANDLER_YET: Final = {"LOGURU_AUTOINIT": "False"}
"""Keeps loguru from writing to stderr by itself, which `log` would only undo."""


def import_lean() -> None:
    """Import the libraries, for the modules that import them by name afterwards.

    A release of theirs that asks a stand-in for more than it has gets the real modules.
    """
    for library in _LIBRARIES:
        try:
            with _present(_STAND_INS), _set(_NO_HANDLER_YET):
                import_module(library)
        except (ImportError, AttributeError, TypeError):
            for name in [name for name in sys.modules if name.partition(".")[0] == library]:
                del sys.modules[name]
            import_module(library)


@contextmanager
def _present(stand_ins: Mapping[str, Mapping[str, Any]]) -> Iterator[None]:
    """Have modules of these names with these members, where there are no real ones yet."""
    modules: dict[str, ModuleType] = {}
    for name, members in stand_ins.items():
        if name not in sys.modules:
            modules[name] = sys.modules[name] = ModuleType(name)
            vars(modules[name]).update(members)
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]


@contextmanager
def _set(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these in the environment, which is to be our children's as it was given to us."""
    given = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in given.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _refuse(*_arguments: object, **_options: object) -> NoReturn:
    raise RuntimeError("a part of a library was called that is not loaded")


class _Validator:
    """In place of one of jsonschema's: is made at the import, and must not be asked."""

    def __init__(self, schema: object) -> None:
        self.validate = _refuse

    @staticmethod
    def check_schema(schema: object) -> None:
        """Take the library's own schema for a right one."""


_STAND_INS: Final[Mapping[str, Mapping[str, Any]]] = {
    "jsonschema.validators": {"validator_for": lambda schema: _Validator},
    "http.server": {"BaseHTTPRequestHandler": object, "HTTPServer": _refuse},
    "asyncio": {"get_running_loop": _refuse},
}
