"""Settles which letters a doubtful word has by what is a word: Involce, SUB-IOTAL, Facebcok.

The recognizer is unsure of letters that worn or coarse print makes alike, and its second choices
hold the right one more often than not. Where what was read is no common word and second choices
make it one, they are taken. What is a common word stays, and so does what cannot become one: names,
codes and other languages.
"""

from collections.abc import Iterator, Sequence, Set
from itertools import combinations, pairwise, product

from ocr_worker.engines.rapidocr.lookalikes import Glyph, are_alike

ENOUGH = 0.01
"""The letters taken have this share together of the probability of those read.

Measured on scanned receipts, where shares from 0.03 to 0.001 gain about the same, and on drawn
pages that were made hard to read, where lower ones make words of what was none.
"""
ENOUGH_OF_PLAIN = 0.25
"""The same for a letter in place of one that has an accent, which noise adds more rarely than an
unsure reading in a language whose words are not known loses it."""
SHORTEST = 4
"""Shorter words are too near each other: SDN becomes SON, and receipts lose."""
MOST_CHANGES = 2
MOST_CHOICES = 4
"""Second choices tried of a character."""
MOST_DOUBTFUL = 6
"""Words with more doubtful characters are noise, of which nothing is to be made at any length."""


def spell(word: Sequence[Glyph], words: Set[str]) -> list[str]:
    """Return the characters of a word with each of its runs of letters as a common word, if any.

    A mark inside a word may be one of its letters too: `Sal.sperson`.
    """
    texts = [glyph.text for glyph in word]
    for first, end in (*_around_marks(texts), *_runs(texts)):
        if end - first >= SHORTEST and not is_known("".join(texts[first:end]), words):
            texts[first:end] = _nearest(word[first:end], words) or texts[first:end]
    return texts


def is_one_word(left: str, right: str, words: Set[str]) -> bool:
    """Whether a doubtful space parts what is one common word, as in `J ALAN`."""
    whole = left + right
    return (
        len(whole) >= SHORTEST
        and is_known(whole, words)
        and _is_usual_case(whole)
        and not (is_known(left, words) and is_known(right, words))
    )


def are_two_words(left: str, right: str, words: Set[str]) -> bool:
    """Whether a space that is hardly there parts two common words, as in `dignityshould`."""
    return (
        min(len(left), len(right)) >= SHORTEST
        and is_known(left, words)
        and is_known(right, words)
        and not is_known(left + right, words)
    )


def is_known(word: str, words: Set[str]) -> bool:
    """Whether it is a common word, in whatever case."""
    return word.lower() in words


def _runs(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where letters and digits without anything between them begin and end."""
    first = 0
    for index, text in enumerate((*texts, "")):
        if not text.isalnum():
            if index > first:
                yield first, index
            first = index + 1


def _around_marks(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where the letters on both sides of a mark begin and end."""
    runs = [run for run in _runs(texts) if "".join(texts[slice(*run)]).isalpha()]
    for (first, mark), (after, end) in pairwise(runs):
        if after == mark + 1:
            yield first, end


def _nearest(run: Sequence[Glyph], words: Set[str]) -> list[str] | None:
    """Return the characters of the likeliest common word with the fewest changes."""
    choices = {
        place: rivals for place, glyph in enumerate(run) if (rivals := _possible_letters(glyph))
    }
    if len(choices) > MOST_DOUBTFUL:
        return None
    for n_changes in range(1, MOST_CHANGES + 1):
        found: list[tuple[float, list[str]]] = []
        for places in combinations(choices, n_changes):
            for chosen in product(*(choices[place] for place in places)):
                together = 1.0
                texts = [glyph.text for glyph in run]
                for place, (text, share) in zip(places, chosen, strict=True):
                    together *= share
                    texts[place] = text
                spelt = "".join(texts)
                if together >= ENOUGH and is_known(spelt, words) and _is_usual_case(spelt):
                    found.append((together, texts))
        if found:
            return max(found)[1]
    return None


def _possible_letters(glyph: Glyph) -> list[tuple[str, float]]:
    """Return the letters that may stand here instead, with their shares, the likeliest first."""
    possible = [
        (text, share)
        for text, share in glyph.rivals
        if text.isalpha()
        and share >= (ENOUGH_OF_PLAIN if text.isascii() and not glyph.text.isascii() else ENOUGH)
        # A digit is a digit unless it looks like a letter: the 3 of `cashier3` is no s.
        and (not glyph.text.isdigit() or are_alike(text, glyph.text))
    ]
    possible.sort(key=lambda each: -each[1])
    return possible[:MOST_CHOICES]


def _is_usual_case(word: str) -> bool:
    return word.islower() or word.isupper() or (word[0].isupper() and word[1:].islower())
