"""A PDF that is written object by object, so that a long one is never in memory.

pikepdf holds the streams of a new PDF until it is saved, and those of one that is copied from; it
reads only those of a file as they are needed. So pages of images are written here, plainly, and
the file is opened by it then.
"""

from typing import BinaryIO

_CATALOG, _PAGES = 1, 2


class GrowingPdf:
    """Writes to an empty file: objects and pages in any number, then `finish`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets = {_CATALOG: 0, _PAGES: 0}
        self._pages: list[int] = []
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add_stream(self, entries: str, content: bytes) -> int:
        """Write a stream; `entries` are those of its dictionary but /Length. Return its number."""
        number = self._begin(len(self._offsets) + 1)
        self._file.write(f"<< {entries} /Length {len(content)} >>\nstream\n".encode("ascii"))
        self._file.write(content)
        self._file.write(b"\nendstream\nendobj\n")
        return number

    def add_page(self, entries: str) -> None:
        """Write a page; `entries` are those of its dictionary that make it what it is."""
        page = f"/Type /Page /Parent {_PAGES} 0 R {entries}"
        self._pages.append(self._add(len(self._offsets) + 1, page))

    def finish(self) -> None:
        """Write what makes the objects a document."""
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._add(_PAGES, f"/Type /Pages /Count {len(self._pages)} /Kids [{kids}]")
        self._add(_CATALOG, f"/Type /Catalog /Pages {_PAGES} 0 R")
        start, size = self._file.tell(), len(self._offsets) + 1
        rows = [f"{offset:010} 00000 n \n" for _, offset in sorted(self._offsets.items())]
        table = f"xref\n0 {size}\n0000000000 65535 f \n{''.join(rows)}"
        end = f"trailer\n<< /Size {size} /Root {_CATALOG} 0 R >>\nstartxref\n{start}\n%%EOF\n"
        self._file.write((table + end).encode("ascii"))
        self._file.flush()

    def _add(self, number: int, entries: str) -> int:
        self._begin(number)
        self._file.write(f"<< {entries} >>\nendobj\n".encode("ascii"))
        return number

    def _begin(self, number: int) -> int:
        self._offsets[number] = self._file.tell()
        self._file.write(f"{number} 0 obj\n".encode("ascii"))
        return number
