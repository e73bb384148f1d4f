"""The word score: upper-case, split into `[A-Z0-9]+`, F1 over multisets of words."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Words: TypeAlias = Counter[str]


def words_of(text: str) -> Words:
    return Counter(re.findall(r"[A-Z0-9]+", text.upper()))


def word_f1(pairs: Iterable[tuple[Words, Words]]) -> float:
    """Return the F1 over all words of all pages; a pair is what was read and what is there."""
    common = total = 0
    for actual, expected in pairs:
        common += (actual & expected).total()
        total += actual.total() + expected.total()
    return 2 * common / total if total else 1.0


def misplaced(pages: Sequence[Words], truth: Sequence[Words], floor: float) -> list[str]:
    """Say which pages score below the floor with their own truth, or better when swapped.

    Both are in the order of the document. Pairs, since receipts of one shop can be as like each
    other as a page and its truth.
    """
    scores = [[word_f1([(page, expected)]) for expected in truth] for page in pages]
    faults = []
    for i, row in enumerate(scores):
        if row[i] < floor:
            faults.append(f"page {i + 1} has F1 {row[i]:.2f}")
        for j in range(i):
            if scores[i][j] + scores[j][i] > row[i] + scores[j][j]:
                faults.append(f"pages {j + 1} and {i + 1} read better swapped")
    return faults
