"""Writes TIFFs as Pillow does not: in tiles or planes, in the other byte order, with loops."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16
_CODES = {SHORT: "H", LONG: "I", LONG8: "Q"}


@dataclass
class Directory:
    """A page: its tags, each a type and its values, and the pieces of its pixels."""

    tags: dict[int, tuple[int, Sequence[int]]]
    pieces: Sequence[bytes]
    is_tiled: bool = False
    next_page: int | None = None
    """Which page follows, counted from 0, where that is not the next one."""


@dataclass
class Tiff:
    """A file; `order` is `<` or `>`."""

    order: str = "<"
    is_big: bool = False
    pages: list[Directory] = field(default_factory=list)

    def write(self, path: Path) -> None:
        """Write the file: pixels and tags page by page, the directories linked at last."""
        offset_type = LONG8 if self.is_big else LONG
        version = struct.pack(f"{self.order}H", 43 if self.is_big else 42)
        body = bytearray((b"II" if self.order == "<" else b"MM") + version)
        if self.is_big:
            body += struct.pack(f"{self.order}HH", 8, 0)
        links, directories = [len(body)], []
        body += self._pack(offset_type, [0])
        for page in self.pages:
            offsets = []
            for piece in page.pieces:
                offsets.append(len(body))
                body += piece + b"\0" * (len(piece) % 2)
            where, lengths = (324, 325) if page.is_tiled else (273, 279)
            tags = {
                **page.tags,
                where: (offset_type, offsets),
                lengths: (LONG, [len(piece) for piece in page.pieces]),
            }
            at, link = self._write_directory(body, tags)
            directories.append(at)
            links.append(link)
        for number, link in enumerate(links):
            following = number if number == 0 else self.pages[number - 1].next_page
            following = number if following is None else following
            target = directories[following] if following < len(directories) else 0
            packed = self._pack(offset_type, [target])
            body[link : link + len(packed)] = packed
        path.write_bytes(body)

    def _write_directory(
        self, body: bytearray, tags: dict[int, tuple[int, Sequence[int]]]
    ) -> tuple[int, int]:
        """Append a directory; return where it lies, and where the link to the next one is."""
        room = 8 if self.is_big else 4
        entries = bytearray()
        for tag, (kind, values) in sorted(tags.items()):
            content = self._pack(kind, values)
            n_values = len(values) // 2 if kind == RATIONAL else len(values)
            if len(content) > room:
                at = len(body)
                body += content
                content = self._pack(LONG8 if self.is_big else LONG, [at])
            entries += struct.pack(f"{self.order}HH", tag, kind)
            entries += self._pack(LONG8 if self.is_big else LONG, [n_values])
            entries += content.ljust(room, b"\0")
        at = len(body)
        body += struct.pack(f"{self.order}{'Q' if self.is_big else 'H'}", len(tags))
        body += entries
        link = len(body)
        body += b"\0" * room
        return at, link

    def _pack(self, kind: int, values: Sequence[int]) -> bytes:
        code = _CODES.get(kind, "I")
        return struct.pack(f"{self.order}{len(values)}{code}", *values)


def tags_of(
    pixels: np.ndarray, photometric: int, compression: int = 1, *, is_planar: bool = False
) -> dict[int, tuple[int, Sequence[int]]]:
    """Return the tags that pixels of shape (height, width, samples) need."""
    height, width, n_samples = pixels.shape
    return {
        256: (LONG, [width]),
        257: (LONG, [height]),
        258: (SHORT, [pixels.dtype.itemsize * 8] * n_samples),
        259: (SHORT, [compression]),
        262: (SHORT, [photometric]),
        277: (SHORT, [n_samples]),
        278: (LONG, [height]),
        282: (RATIONAL, [150, 1]),
        283: (RATIONAL, [150, 1]),
        284: (SHORT, [2 if is_planar else 1]),
        296: (SHORT, [2]),
    }


def tiles_of(pixels: np.ndarray, side: int) -> list[bytes]:
    """Return pixels of shape (height, width, samples) as square tiles, filled up with zeros."""
    height, width, _ = pixels.shape
    tiles = []
    for top in range(0, height, side):
        for left in range(0, width, side):
            part = pixels[top : top + side, left : left + side]
            missing = [(0, side - part.shape[0]), (0, side - part.shape[1]), (0, 0)]
            tiles.append(np.pad(part, missing).tobytes())
    return tiles
