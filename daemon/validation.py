"""From untyped JSON to a struct of the wire, or the error that names the wrong member; pure."""

import re
from typing import Any, Final, TypeVar

import msgspec

from daemon.errors import invalid_params
from daemon.params import Struct

_PROBLEM: Final = re.compile(
    r"(?P<what>.*?(?:missing required field `(?P<missing>\w+)`)?)(?: - at `\$\.?(?P<path>.*)`)?",
    re.DOTALL,
)
"""msgspec's message: what is wrong, and where unless that is the whole object."""

_T = TypeVar("_T", bound=Struct)


def convert(members: dict[str, Any], to: type[_T]) -> _T:
    """Return the struct. Raise `RpcError` (invalid_params) that names the first wrong member."""
    try:
        return msgspec.convert(members, to)
    except msgspec.ValidationError as error:
        match = _PROBLEM.fullmatch(str(error))
        if match is None:
            raise invalid_params("", "The params are not as expected.") from None
        path = ".".join(filter(None, (match["path"], match["missing"])))
        what = match["what"].replace("`", "")
        raise invalid_params(path, what[:1].lower() + what[1:]) from None
