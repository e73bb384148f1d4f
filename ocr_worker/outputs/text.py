"""Plain text: UTF-8, pages separated by a form feed, a final newline."""

from collections.abc import Iterable, Iterator

from ocr_worker import wire


def render(task: wire.Assemble, pages: Iterable[wire.Page]) -> Iterator[bytes]:
    """Yield the file in pieces, a page each. A page without text is an empty one."""
    for position, page in enumerate(pages):
        separator = "\f" if position else ""
        # A form feed inside a page would pass for the end of it.
        text = page.text.replace("\f", "\n").rstrip("\n")
        yield f"{separator}{text}\n".encode()
