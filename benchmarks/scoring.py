"""Scores of what was read against what is there.

The word score of the receipts: upper-case, split into `[A-Z0-9]+`, F1 over multisets of words; for
pages in other scripts the same over words of any script. The character error rate is the edit
distance over the length of what is there.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

Words: TypeAlias = Counter[str]

_ALONE = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
# Marks are no `\w` to Python's `re`, and Hindi is written with them.
_WORD = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[\w\u0900-\u0dff])+")


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


def any_words_of(text: str) -> Words:
    """Return the words of any script: a run of letters, marks and digits, or one ideograph or kana.

    Compatibility forms count as what they stand for, and case does not count.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return Counter(_WORD.findall(folded))


def edit_distance(actual: str, expected: str) -> int:
    """Return the least number of characters to insert, delete or replace (Levenshtein)."""
    # Row by row; what a row owes to its own left neighbour is a running minimum.
    codes = np.array([ord(char) for char in expected], dtype=np.int64)
    steps = np.arange(len(codes) + 1)
    row = steps.copy()
    for number, char in enumerate(actual, start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(char)))
        candidates = np.concatenate(([number], best)) - steps
        row = np.minimum.accumulate(candidates) + steps
    return int(row[-1])


def error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Return the character error rate of all pages; a pair is what was read and what is there.

    White space of any kind and length counts as one space.
    """
    errors = total = 0
    for actual, expected in pairs:
        wanted = " ".join(unicodedata.normalize("NFKC", expected).split())
        errors += edit_distance(" ".join(unicodedata.normalize("NFKC", actual).split()), wanted)
        total += len(wanted)
    return errors / total if total else 0.0
