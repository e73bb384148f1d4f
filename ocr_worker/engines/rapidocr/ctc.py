"""Turns the recogniser's output columns into text and words, with a place and a confidence each.

Connectionist temporal classification: the best class of each column, runs of one class merged,
blanks dropped (Graves et al., ICML 2006, section 3.1, best path decoding).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_worker.scripts import is_word_by_itself

BLANK = 0


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


def decode(scores: NDArray[np.float32], alphabet: tuple[str, ...], n_columns: float) -> DecodedLine:
    """Decode one line's scores of shape (columns, classes).

    Class 0 is the blank, class `i` is `alphabet[i - 1]`, and one past the alphabet is the space.
    Only the first `n_columns` columns show the line; the rest is padding, in which word boxes must
    not end.
    """
    best = scores.argmax(axis=1)
    begins = np.ones(len(best), dtype=bool)
    begins[1:] = best[1:] != best[:-1]
    begins &= best != BLANK
    columns = np.flatnonzero(begins)
    characters = [
        _Character(
            text=alphabet[best[column] - 1] if best[column] <= len(alphabet) else " ",
            confidence=float(scores[column, best[column]]),
            column=float(column) + 0.5,
        )
        for column in columns
    ]
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
