"""Turns the recogniser's output columns into text and words, with a place and a confidence each.

Connectionist temporal classification: the best class of each column, runs of one class merged,
blanks dropped (Graves et al., ICML 2006, section 3.1, best path decoding). Three things are read
between the lines of that: spaces that came second, characters that fit their surroundings better,
and letters that make a common word.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from ocr_worker.engines.rapidocr.lexicon import common_words
from ocr_worker.engines.rapidocr.lookalikes import DOTLESS_I, DOTTED_I, ENOUGH, Glyph, settle
from ocr_worker.engines.rapidocr.spelling import are_two_words, is_one_word, spell
from ocr_worker.engines.rapidocr.symbols import settle_symbols
from ocr_worker.scripts import is_word_by_itself

BLANK = 0
SPACE_PROBABILITY = 0.1
"""Words are apart where the space reaches this between them; at a third of it, names on receipts
begin to fall apart."""
NUMBER_SPACE_PROBABILITY = 0.025
"""The same between a letter and a digit, where a line's spaces are least sure: words of both are
fewer than numbers beside words."""
COMMON_SPACE_PROBABILITY = 0.02
"""The same between two letters, where there is a common word on both sides."""
GAP_SPACE_PROBABILITY = 0.03
WIDE_GAP = 1.6
"""The same between two digits that are so many times as far apart as a line's characters mostly
are: what is one number stands evenly."""
DOUBTFUL_SPACE = 0.5
"""A space below this goes where it parts a common word."""
LEAST_SHARE = 0.01
"""What else a character may be is kept from this share of its probability on; whoever chooses
among it asks for no less."""


class Alphabet:
    """The characters of the model: class 0 is the blank, class `i` is `characters[i - 1]`, and one
    past them is the space.

    `has_dotless_i` is for the languages that tell a dotless i from a dotted one.
    """

    def __init__(self, characters: Sequence[str], *, has_dotless_i: bool = False) -> None:
        self.space = len(characters) + 1
        self._characters = tuple(characters)
        numbers = {text: number for number, text in enumerate(characters, start=1)}
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
        """Return the character of a class with what else it may be, given its column."""
        own = float(column[number])
        rivals: tuple[tuple[str, float], ...] = ()
        # The probabilities of a column add up to one; of most characters the model is sure.
        if own * (1 + LEAST_SHARE) < 1:
            rivals = tuple(
                (self.text(int(rival)), float(column[rival]) / own)
                for rival in np.flatnonzero(column >= LEAST_SHARE * own)
                if rival not in (BLANK, number)
            )
        return Glyph(self.text(number), rivals)


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
    characters = _joined(_characters(scores, best, np.flatnonzero(begins), alphabet))
    characters = _with_texts(characters, settle_symbols([each.glyph for each in characters]))
    characters = _respelt(characters, settle)
    characters = _respelt(characters, lambda word: spell(word, common_words()))
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
            confidence = float(spaces[widest])
            if confidence >= _space_wanted(found[-1].text, glyph.text) or (
                confidence >= GAP_SPACE_PROBABILITY
                and found[-1].text.isdigit()
                and glyph.text.isdigit()
                and column - before >= WIDE_GAP * _pitch(best, columns, alphabet.space)
            ):
                found.append(_Character(" ", confidence, widest + 0.5, Glyph(" ")))
        confidence = float(scores[column, number])
        found.append(_Character(glyph.text, confidence, float(column) + 0.5, glyph))
    return found


def _pitch(best: NDArray[np.intp], columns: NDArray[np.intp], space: int) -> float:
    """Return how many columns apart the characters of a line mostly begin, words being whole."""
    is_space = best[columns] == space
    return float(np.median(np.diff(columns)[~is_space[1:] & ~is_space[:-1]]))


def _space_wanted(before: str, after: str) -> float:
    """Return the probability from which on two characters are apart."""
    if before.isalpha() and after.isalpha():
        return COMMON_SPACE_PROBABILITY  # `_joined` sees what words these are
    is_number_beside_word = before.isdigit() != after.isdigit() and (before + after).isalnum()
    return NUMBER_SPACE_PROBABILITY if is_number_beside_word else SPACE_PROBABILITY


def _joined(characters: list[_Character]) -> list[_Character]:
    """Return the characters without the doubtful spaces that part a word."""
    joined = list(characters)
    for place in range(len(joined) - 1, -1, -1):
        space = joined[place]
        if not space.text.isspace() or space.confidence >= DOUBTFUL_SPACE:
            continue
        left = _letters(reversed(joined[:place]))[::-1]
        right = _letters(joined[place + 1 :])
        if left and right and _are_one(left, right, space.confidence):
            del joined[place]
    return joined


def _are_one(left: str, right: str, probability: float) -> bool:
    """Tell whether letters with a doubtful space between them are one word."""
    if probability < SPACE_PROBABILITY:
        return not are_two_words(left, right, common_words())
    return is_one_word(left, right, common_words())


def _letters(characters: Iterable[_Character]) -> str:
    """Return the letters that they begin with."""
    return "".join(
        character.text for character in takewhile(lambda each: each.text.isalpha(), characters)
    )


def _respelt(
    characters: list[_Character], spelling: Callable[[Sequence[Glyph]], list[str]]
) -> list[_Character]:
    """Return the characters as a way of spelling has the words that they make.

    Only second choices change anything, and most words have none.
    """
    texts = [character.text for character in characters]
    for first, last in _word_spans(characters):
        word = [each.glyph for each in characters[first : last + 1]]
        if any(glyph.rivals for glyph in word):
            texts[first : last + 1] = spelling(word)
    return _with_texts(characters, texts)


def _with_texts(characters: list[_Character], texts: list[str]) -> list[_Character]:
    return [
        replace(character, text=text, glyph=replace(character.glyph, text=text))
        if text != character.text
        else character
        for character, text in zip(characters, texts, strict=True)
    ]


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
