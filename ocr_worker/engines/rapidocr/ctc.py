"""Turns the recogniser's output columns into text and words, with a place and a confidence each.

Connectionist temporal classification: the best class of each column, runs of one class merged,
blanks dropped (Graves et al., ICML 2006, section 3.1, best path decoding). Two things are read
between the lines of that: spaces that came second, and look-alikes that fit their word better.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.rapidocr.lookalikes import (
    DOTLESS_I,
    DOTTED_I,
    ENOUGH,
    GROUPS,
    Glyph,
    settle,
)
from ocr_worker.scripts import is_word_by_itself

BLANK = 0
SPACE_PROBABILITY = 0.1
"""Words are apart where the space reaches this between them; at a third of it, names on receipts
begin to fall apart."""


class Alphabet:
    """The characters of the model: class 0 is the blank, class `i` is `characters[i - 1]`, and one
    past them is the space.

    `has_dotless_i` is for the languages that tell a dotless i from a dotted one.
    """

    def __init__(self, characters: Sequence[str], *, has_dotless_i: bool = False) -> None:
        self.space = len(characters) + 1
        self._characters = tuple(characters)
        numbers = {text: number for number, text in enumerate(characters, start=1)}
        self._rivals = {
            numbers[text]: tuple(numbers[other] for other in group if other in numbers)
            for group in GROUPS
            for text in group
            if text in numbers
        }
        self._dotted_i = numbers.get(DOTTED_I) if has_dotless_i else None
        self._dotless_i = numbers.get(DOTLESS_I)

    def text(self, number: int) -> str:
        """Return the character of a class."""
        return " " if number == self.space else self._characters[number - 1]

    def settled(self, number: int, column: NDArray[np.float32]) -> int:
        """Return the class that is meant where this one is the best of a column."""
        if self._dotless_i is None or number != self._dotted_i:
            return number
        is_dotless = column[self._dotless_i] >= ENOUGH * column[number]
        return self._dotless_i if is_dotless else number

    def glyph(self, number: int, column: NDArray[np.float32]) -> Glyph:
        """Return the character of a class with what it may be mistaken for, given its column."""
        own = float(column[number])
        return Glyph(
            self.text(number),
            tuple(
                (self.text(rival), float(column[rival]) / own)
                for rival in self._rivals.get(number, ())
                if rival != number and own > 0
            ),
        )


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A word and where it lies, in output columns (fractions of one allowed)."""

    text: str
    confidence: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class DecodedLine:
    """A line, the mean confidence of its characters, and its words from left to right."""

    text: str
    confidence: float
    words: tuple[DecodedWord, ...]


@dataclass(frozen=True, slots=True)
class _Character:
    text: str
    confidence: float
    column: float
    glyph: Glyph


def decode(scores: NDArray[np.float32], alphabet: Alphabet, n_columns: float) -> DecodedLine:
    """Decode one line's scores of shape (columns, classes).

    Only the first `n_columns` columns show the line; the rest is padding, in which word boxes must
    not end.
    """
    best = scores.argmax(axis=1)
    begins = np.ones(len(best), dtype=bool)
    begins[1:] = best[1:] != best[:-1]
    begins &= best != BLANK
    characters = _settled(_characters(scores, best, np.flatnonzero(begins), alphabet))
    text = "".join(character.text for character in characters)
    # Spaces at the ends are an artefact of the crop's margin; so are runs of them inside.
    text = " ".join(text.split())
    if not text:
        return DecodedLine("", 0.0, ())
    return DecodedLine(
        text=text,
        confidence=_mean_confidence(characters),
        words=tuple(_words(characters, n_columns)),
    )


def _characters(
    scores: NDArray[np.float32],
    best: NDArray[np.intp],
    columns: NDArray[np.intp],
    alphabet: Alphabet,
) -> list[_Character]:
    """Return what begins at each of the columns, with the spaces that are hidden between."""
    found: list[_Character] = []
    spaces = scores[:, alphabet.space]
    for column in columns:
        number = alphabet.settled(int(best[column]), scores[column])
        glyph = alphabet.glyph(number, scores[column])
        if found and not glyph.text.isspace() and not found[-1].text.isspace():
            before = int(found[-1].column)
            widest = before + int(spaces[before : column + 1].argmax())
            if spaces[widest] >= SPACE_PROBABILITY:
                confidence = float(spaces[widest])
                found.append(_Character(" ", confidence, widest + 0.5, Glyph(" ")))
        confidence = float(scores[column, number])
        found.append(_Character(glyph.text, confidence, float(column) + 0.5, glyph))
    return found


def _settled(characters: list[_Character]) -> list[_Character]:
    """Return the characters with look-alikes as their words have them."""
    settled = list(characters)
    for first, last in _word_spans(characters):
        word = characters[first : last + 1]
        for place, text in enumerate(settle([each.glyph for each in word]), start=first):
            if text != settled[place].text:
                settled[place] = replace(settled[place], text=text)
    return settled


def _mean_confidence(characters: list[_Character]) -> float:
    return sum(character.confidence for character in characters) / len(characters)


def _words(characters: list[_Character], n_columns: float) -> Iterator[DecodedWord]:
    """Yield words whose edges lie half-way to the neighbouring character, space or line end."""
    for first, last in _word_spans(characters):
        word = characters[first : last + 1]
        left = (characters[first - 1].column + word[0].column) / 2 if first else 0.0
        is_last = last + 1 == len(characters)
        right = n_columns if is_last else (word[-1].column + characters[last + 1].column) / 2
        yield DecodedWord(
            text="".join(character.text for character in word),
            confidence=_mean_confidence(word),
            left=min(left, n_columns),
            right=min(max(right, left), n_columns),
        )


def _word_spans(characters: list[_Character]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of the first and the last character of each word."""
    first: int | None = None
    for index, character in enumerate(characters):
        stands_alone = is_word_by_itself(character.text)
        if first is not None and (stands_alone or character.text.isspace()):
            yield first, index - 1
            first = None
        if stands_alone and not character.text.isspace():
            yield index, index
        elif first is None and not character.text.isspace():
            first = index
    if first is not None:
        yield first, len(characters) - 1
