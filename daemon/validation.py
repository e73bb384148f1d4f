"""From untyped JSON to a struct of the wire, or the error that names the wrong member; pure."""

import re
from typing import Any, Final, TypeVar

import msgspec

from daemon.errors import invalid_params
from daemon.params import Struct

_PLACE: Final = re.compile(r"(?P<what>.*) - at `\$\.?(?P<path>[^`]*)`", re.DOTALL)
"""msgspec's message where it is not about the whole object. What is wrong may quote the host, in
any length and with anything in it; the place comes last and has no backtick.
"""
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_SHOWN_CHARS: Final = 200

_T = TypeVar("_T", bound=Struct)


def convert(members: dict[str, Any], to: type[_T]) -> _T:
    """Return the struct. Raise `RpcError` (invalid_params) that names the first wrong member."""
    try:
        return msgspec.convert(members, to)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.fullmatch(text)
        what, path = (place["what"], place["path"]) if place else (text, "")
        if missing := _MISSING.fullmatch(what):
            path = ".".join(filter(None, (path, missing[1])))
        what = what.replace("`", "")[:_SHOWN_CHARS]
        raise invalid_params(path, what[:1].lower() + what[1:]) from None
