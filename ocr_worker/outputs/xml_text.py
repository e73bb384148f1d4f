"""Tags and text for the outputs that are XML: escaped, and without what XML cannot say."""

import re
from collections.abc import Mapping
from html import escape  # xml.sax.saxutils would load the whole of HTTP and TLS with it
from typing import TypeAlias

Attributes: TypeAlias = Mapping[str, str | float | None]
"""Of an element, by name; one that is None is left out."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Whatever is no Char of XML 1.0, such as most control characters; no escape makes it legal."""


def allowed(text: str) -> str:
    """Return the text without the characters that no XML document may hold."""
    return _FORBIDDEN.sub("", text)


def escaped(text: str) -> str:
    """Return what stands between tags for a text."""
    return escape(allowed(text), quote=False)


def start_tag(name: str, attributes: Attributes) -> str:
    """Return the start of an element"""
    return f"<{name}{_written(attributes)}>"


def empty_tag(name: str, attributes: Attributes) -> str:
    """Return an element without content"""
    return f"<{name}{_written(attributes)}/>"


def _written(attributes: Attributes) -> str:
    return "".join(
        f' {name}="{escape(allowed(str(value)))}"'
        for name, value in attributes.items()
        if value is not None
    )
