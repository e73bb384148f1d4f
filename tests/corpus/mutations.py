"""Hostile files: files of the corpus with seeded damage, always the same for a seed."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

from tests.corpus.entry import Entry

MAX_BYTES = 200_000
"""Larger files are bombs; damage makes them no worse, only slower."""
_NUMBERS = (b"0", b"-1", b"65536", b"2147483647", b"4294967295", b"99999999999999999999")
_WORDS = (0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutations(
    folder: Path, entries: Sequence[Entry], n_files: int, seed: int
) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents. Each kind of damage meets each file, given enough of them."""
    random = Random(seed)
    small = [entry for entry in entries if 0 < (folder / entry.name).stat().st_size <= MAX_BYTES]
    for number in range(n_files):
        entry = random.choice(small)
        damage = random.choice(_DAMAGES)
        content = bytearray((folder / entry.name).read_bytes())
        for _ in range(random.choice((1, 1, 1, 3))):
            damage(content, random)
        name = f"{number:05}-{damage.__name__.strip('_')}-{entry.name}"
        yield name, bytes(content)


def _flip_bits(content: bytearray, random: Random) -> None:
    for _ in range(random.choice((1, 2, 8, 50))):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _flip_head(content: bytearray, random: Random) -> None:
    """Headers are where sizes are."""
    for _ in range(random.choice((1, 3))):
        content[random.randrange(min(200, len(content)))] = random.randrange(256)


def _cut(content: bytearray, random: Random) -> None:
    del content[random.randrange(1, len(content)) if len(content) > 1 else 1 :]


def _lose(content: bytearray, random: Random) -> None:
    start, end = _range(content, random)
    if end - start < len(content):
        del content[start:end]


def _repeat(content: bytearray, random: Random) -> None:
    start, end = _range(content, random)
    content[end:end] = content[start:end] * random.choice((1, 2, 20))


def _swap(content: bytearray, random: Random) -> None:
    start, end = _range(content, random)
    middle = (start + end) // 2
    content[start:end] = content[middle:end] + content[start:middle]


def _fill(content: bytearray, random: Random) -> None:
    start, end = _range(content, random)
    content[start:end] = bytes([random.choice((0, 0xFF, 0x20))]) * (end - start)


def _blow_up(content: bytearray, random: Random) -> None:
    """Write a great number where some number may be."""
    size = random.choice((2, 4))
    at = random.randrange(max(1, len(content) - size))
    order = random.choice(("little", "big"))
    content[at : at + size] = (random.choice(_WORDS) % (1 << 8 * size)).to_bytes(size, order)


def _blow_up_text(content: bytearray, random: Random) -> None:
    """Put another number in the place of one that is written in digits, as PDFs have them."""
    found = list(re.finditer(rb"\b\d+\b", content))
    if found:
        number = random.choice(found)
        content[number.start() : number.end()] = random.choice(_NUMBERS)


def _rename(content: bytearray, random: Random) -> None:
    """Put one name of a PDF in the place of another."""
    found = list(re.finditer(rb"/[A-Za-z]+", content))
    if found:
        one, other = random.choice(found), random.choice(found)
        content[one.start() : one.end()] = bytes(other.group())


def _range(content: bytearray, random: Random) -> tuple[int, int]:
    start = random.randrange(len(content))
    return start, min(len(content), start + random.choice((1, 4, 32, 500, 5000)))


_DAMAGES: tuple[Callable[[bytearray, Random], None], ...] = (
    _flip_bits,
    _flip_head,
    _cut,
    _lose,
    _repeat,
    _swap,
    _fill,
    _blow_up,
    _blow_up_text,
    _rename,
)
