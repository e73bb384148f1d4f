"""A look at a PDF's bytes before PDFium and qpdf have them.

It tells of streams that would unpack to more memory than any page needs, which neither library
refuses in time, and whether there may be what PDFium does not tell of: a `/UserUnit`, an image or a
mask beyond the limit, forms that draw each other, images shown in other colours. For these alone
the file would have to be parsed a second time. It reads no structure that a forger could bend:
wherever the word `stream` stands, what follows is unpacked as far as the limit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ocr_worker.documents.base import SourceFile, cannot_be_read
from ocr_worker.documents.pdf_drawing import draws_in
from ocr_worker.documents.unpacking import (
    Chunks,
    StreamBudget,
    first_stage,
    is_packed,
    pieces_of,
    unpacked,
)
from ocr_worker.errors import TaskError

MAX_SCANNED_BYTES: Final = 64 * 1024**2
"""Larger files are not looked at: reading them takes longer than opening them, and what they unpack
to is in some proportion to what they are."""

_DICTIONARY_BYTES: Final = 4096
"""How far before its stream a dictionary is looked for."""
_OBJECT: Final = re.compile(rb"\bobj\b")
_IMAGE: Final = re.compile(rb"/Subtype\s*/Image\b")
_FILTER: Final = re.compile(
    rb"/(?:FlateDecode|LZWDecode|RunLengthDecode|ASCII85Decode|ASCIIHexDecode|DCTDecode"
    rb"|CCITTFaxDecode|JBIG2Decode|JPXDecode|Crypt|Fl|LZW|RL|A85|AHx|DCT|CCF)\b"
)
_USER_UNIT: Final = b"/UserUnit"
_ENCRYPT: Final = b"/Encrypt"
_FORM: Final = re.compile(rb"/Subtype\s*/Form\b")


def _as_spelt(name: str) -> str:
    """Return an expression for a name: each letter as it is or by number."""
    return "".join(f"(?:{letter}|#{ord(letter):02x})" for letter in name)


_WIDTH, _HEIGHT = _as_spelt("Width"), _as_spelt("Height")
_CHANGES: Final = "|".join(
    [
        *(rf"{_as_spelt(name)}(?![a-z])" for name in ("Decode", "SMask", "Mask")),
        # By itself so short a name is also among the bytes of some scans.
        rf"{_as_spelt('OC')}\s{{0,32}}+(?:\d{{1,9}}\s{{1,32}}+\d{{1,9}}\s{{1,32}}+R|<<|%)",
    ]
)
"""By these an image is shown otherwise than its data has it, or not at all."""
_NAME: Final = re.compile(
    rf"/(?:(?P<word>(?-i:{_ENCRYPT.decode()[1:]}|{_USER_UNIT.decode()[1:]}))"
    rf"|(?P<change>{_CHANGES})"
    rf"|(?:(?P<width>{_WIDTH})|{_HEIGHT})\s{{0,32}}+"
    r"(?:(?P<side>\d{1,9})(?!\s{0,32}+[\d.%\s])|[\d.%\s+]))".encode(),
    re.IGNORECASE,
)
"""A word that is told, or one of these names with a plain number, or with what could come to one: a
reference, a comment. All in one, since going over a file of scans takes longer than all the rest.
"""
_FORM_BYTES: Final = 64 * 1024
"""How much of a form is looked at for what it draws."""
_WAYS: Final = 1000
"""So many ways through forms that draw others are followed; pages multiply them again."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was seen: whether a page may have a user unit, whether streams are encrypted, whether
    pages may draw too much, or anything too large, and whether images may be shown otherwise than
    their data has them."""

    may_have_user_units: bool
    is_encrypted: bool
    may_draw_too_much: bool = False
    may_change_images: bool = False


def look_at(file: SourceFile, max_pixels: int) -> Findings:
    """Return what the file holds. Raise `TaskError` of kind `limit_exceeded` for a bomb.

    Images above `max_pixels` are drawn by nobody.
    """
    if file.size_bytes > MAX_SCANNED_BYTES:
        return Findings(may_have_user_units=True, is_encrypted=False, may_change_images=True)
    try:
        with open(file.path, "rb") as stream:
            content = stream.read(MAX_SCANNED_BYTES)
    except OSError:
        raise cannot_be_read() from None
    words, is_large, has_changes = _names_in(content, max_pixels)
    has_unit = _USER_UNIT in words
    if _ENCRYPT in words:
        # Neither object streams nor bombs can be known as what they are.
        return Findings(has_unit or b"/ObjStm" in content, True, is_large, has_changes)
    budget, n_ways = StreamBudget(), 1
    for dictionary, start, end in _streams(content):
        chunks = pieces_of(content, start, end)
        if b"/ObjStm" in dictionary:
            has_unit = has_unit or _holds(unpacked(chunks()), _USER_UNIT)
        if is_unpacked_whole(dictionary):
            plain, n_bytes = first_stage(_first_filter(dictionary), content, start, end)
            budget.check(plain, n_bytes)
            if _FORM.search(dictionary):
                n_ways = min(n_ways * max(1, _draws_of(plain)), _WAYS + 1)
    return Findings(has_unit, False, is_large or n_ways > _WAYS, has_changes)


def _names_in(content: bytes, max_pixels: int) -> tuple[set[bytes], bool, bool]:
    """Return the words that were found, whether an image may be too large, and whether one may be
    shown otherwise than its data has it.

    One may be too large when one as wide as the widest of all and as high as the highest would be.
    """
    words = set()
    width = height = 0
    is_unknown = has_changes = False
    for found in _NAME.finditer(content):
        if found["word"]:
            words.add(found.group())
        elif found["change"]:
            has_changes = True
        elif not found["side"]:
            is_unknown = True
        elif found["width"]:
            width = max(width, int(found["side"]))
        else:
            height = max(height, int(found["side"]))
    return words, is_unknown or width * height > max_pixels, has_changes


def _draws_of(plain: Chunks) -> int:
    """Return how many forms and images a form draws, as far as it is looked at."""
    chunks = unpacked(plain()) if is_packed(next(plain(), b"")) else plain()
    content = b""
    for piece in chunks:
        content += piece
        if len(content) >= _FORM_BYTES:
            break
    return draws_in(content)


def is_unpacked_whole(dictionary: bytes) -> bool:
    """Return whether a stream is unpacked at once: not an image, which comes row by row.

    Of an image with several filters, all but the last are.
    """
    return not (_IMAGE.search(dictionary) and len(_FILTER.findall(dictionary)) < 2)


def _first_filter(dictionary: bytes) -> bytes:
    found = _FILTER.search(dictionary)
    return found.group() if found else b""


def _streams(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the dictionary of each stream, and where its content begins and ends."""
    done = 0
    while (found := content.find(b"stream", done)) >= 0:
        start = found + len(b"stream")
        if content[found - 3 : found] == b"end":
            done = start
            continue
        start += content[start : start + 1] == b"\r"
        start += content[start : start + 1] == b"\n"
        end = content.find(b"endstream", start)
        end = len(content) if end < 0 else end
        before = content[max(done, found - _DICTIONARY_BYTES) : found]
        objects = list(_OBJECT.finditer(before))
        yield before[objects[-1].end() if objects else 0 :], start, end
        done = end


def _holds(pieces: Iterator[bytes], wanted: bytes) -> bool:
    """Return whether an object stream holds a word, as far as one is let."""
    tail, budget = b"", StreamBudget()
    for piece in pieces:
        if wanted in tail + piece:
            return True
        tail = piece[-len(wanted) :]
        try:
            budget.spend(len(piece))
        except TaskError:
            break
    return False
