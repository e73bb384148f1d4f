"""Whether the letters of a text are those of words, or a font tells real but wrong ones.

A font whose table to Unicode is shifted or scrambled gives text of ordinary letters that means
nothing. What shows it is which letters follow each other: of the pairs in words, the commonest
160 of the languages in Latin letters are more than three in five in each of those languages, and
fewer than half under any other alphabet. Other scripts are left alone.
"""

import re
import unicodedata
from typing import Final

import numpy as np

MIN_PAIRS = 60
"""Pairs below which there is nothing to be said of a text: names, codes and units do that."""
LEAST_COMMON = 0.55
"""Share of common pairs below which a text is in doubt. Over 36 languages the least was 0.61
(Welsh), that of 288 scrambled and 900 shifted alphabets 0.48 at most."""
_WORD = re.compile(r"(?<![^\W\d_])[a-z]{3,}(?![^\W\d_])")
"""Words of three letters at least; one with a letter that is not Latin is of another script."""

_FOLLOWERS = {
    "a": "abcdgiklmnprstuvz",
    "b": "aeiou",
    "c": "aehio",
    "d": "aeiou",
    "e": "acdegiklmnrst",
    "f": "aio",
    "g": "aeiru",
    "h": "aeio",
    "i": "acdegklmnorstvz",
    "j": "ae",
    "k": "aeiosu",
    "l": "aeilou",
    "m": "aeio",
    "n": "adeginostu",
    "o": "cdgklmnprstuv",
    "p": "aeior",
    "r": "adeimostu",
    "s": "aehikopstu",
    "t": "aehiortu",
    "u": "aklmnrst",
    "v": "aeio",
    "z": "aei",
}
"""The commonest pairs, by their first letter, accents taken off: each of 36 languages counts
alike, in the words of programs that were translated into all of them."""
COMMON_PAIRS = {first + second for first, others in _FOLLOWERS.items() for second in others}

_IS_COMMON: Final = np.zeros((128, 128), dtype=bool)
"""By the codes of the first letter and the second."""
for _pair in COMMON_PAIRS:
    _IS_COMMON[ord(_pair[0]), ord(_pair[1])] = True

_NO_ACCENT = str.maketrans(
    {
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ħ": "h",
        "æ": "ae",
        "œ": "oe",
    }
    | {"ß": "ss", "þ": "th", "ð": "d", "ŋ": "n", "ə": "e"}
)


def are_plausible(text: str) -> bool:
    """Tell whether the words in Latin letters look like those of a language, or are too few."""
    words = _WORD.findall(_without_accents(text))
    letters = np.frombuffer(" ".join(words).encode("ascii"), dtype=np.uint8)
    pairs = sum(map(len, words)) - len(words)
    common = int(np.count_nonzero(_IS_COMMON[letters[:-1], letters[1:]]))
    return pairs < MIN_PAIRS or common >= LEAST_COMMON * pairs


def _without_accents(text: str) -> str:
    """Return a text in lower case, its letters without what stands above and below them."""
    letters = text.lower()
    if letters.isascii():
        return letters
    decomposed = unicodedata.normalize("NFD", letters.translate(_NO_ACCENT))
    return "".join([char for char in decomposed if not unicodedata.combining(char)])
