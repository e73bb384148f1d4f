"""Settles which of two glyphs that look alike is meant, by the rest of the word: 15.0C, SC1SSOR.

The recognizer reads a letter at a time, so a worn zero becomes a C now and then, although it gives
the zero a probability too. A word is mostly written in one kind of characters, digits, capitals or
small letters; where a single one breaks the rule, both kinds of evidence are weighed.

The dotless i needs no neighbours. Of the languages that the model learnt hardly any has it, so it
is read as an i although it was seen: on drawn Turkish pages its share was 0.047 at least where it
was missed, and that of a dotless i where there is a dot 0.0002 at most. Others have no use for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

GROUPS = ("0OoCQD", "1Il|TJL", "5Ss", "8B", "2Zz", "6G", "4A")
"""Characters that worn or coarse print makes alike."""

ENOUGH = 0.02
"""A look-alike takes the place of what was read when it has this share of its probability.

Measured on scanned receipts, where shares from 0.05 to 0.005 gain about the same and lower ones
begin to spoil codes of letters and digits.
"""

DOTTED_I, DOTLESS_I = "i", "\u0131"
DOTLESS_I_LANGUAGES = frozenset({"az", "tr"})

Kind: TypeAlias = Literal["digit", "capital", "small"]


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character that was read, and what else it may be with its share of the probability."""

    text: str
    rivals: tuple[tuple[str, float], ...] = ()


def settle(word: Sequence[Glyph]) -> list[str]:
    """Return the characters of a word, those that do not fit it replaced where that is likely."""
    texts = _as_number(word) or [glyph.text for glyph in word]
    places = [place for place, text in enumerate(texts) if _kind(text) is not None]
    for position, place in enumerate(places):
        kinds = [_kind(texts[other]) for other in places]
        wanted = _wanted(kinds, position)
        rivals = [
            (share, text)
            for text, share in word[place].rivals
            if share >= ENOUGH and _kind(text) == wanted and are_alike(text, texts[place])
        ]
        if wanted is not None and rivals:
            texts[place] = max(rivals)[1]
    return texts


def _as_number(word: Sequence[Glyph]) -> list[str] | None:
    """Return the characters of a word that is a number when its few letters are: 456OO."""
    texts = [glyph.text for glyph in word]
    together = 1.0
    letters = [place for place, text in enumerate(texts) if text.isalpha()]
    for place in letters:
        digits = [
            (share, text)
            for text, share in word[place].rivals
            if text.isdigit() and are_alike(text, texts[place])
        ]
        if not digits:
            return None
        share, texts[place] = max(digits)
        together *= share
    n_digits = sum(text.isdigit() for text in texts) - len(letters)
    return texts if n_digits > len(letters) > 0 and together >= ENOUGH else None


def are_alike(text: str, other: str) -> bool:
    """Whether two characters may be taken for each other."""
    return any(text in group and other in group for group in GROUPS)


def _wanted(kinds: list[Kind | None], position: int) -> Kind | None:
    """Return the kind that the others ask for at a position, or None where they do not agree.

    Two neighbours that agree will do, as in ES1O0O, or all the others, as in 15.0C.
    """
    own = kinds[position]
    around = kinds[max(position - 1, 0) : position] + kinds[position + 1 : position + 2]
    others = kinds[:position] + kinds[position + 1 :]
    for witnesses in (around, others):
        if len(witnesses) >= 2 and len(set(witnesses)) == 1 and witnesses[0] != own:
            wanted = witnesses[0]
            # A capital before small letters begins a name, and units are small: 6pCs, McD.
            is_case = wanted == "small" and own == "capital"
            return None if is_case or (wanted == "capital" and own == "small") else wanted
    return None


def _kind(text: str) -> Kind | None:
    if text.isdigit():
        return "digit"
    if text.isupper():
        return "capital"
    return "small" if text.islower() else None
