"""Settles letters and digits that are symbols where amounts and rates have them: S8.20, 6Z, 0 6%.

The other way about as well: what stands before a per cent sign is a digit.
"""

import re
from collections.abc import Sequence
from typing import Final

from ocr_worker.engines.rapidocr.lookalikes import Glyph

ENOUGH = 0.1
"""A symbol takes the place of what was read when it has this share of its probability; what it
replaces hardly ever stands where it does, so that the symbol need not be near."""

_RULES: Final = (
    (re.compile(r"(?<![\w.,])S(?=\d+[.,]\d\d(?!\d))"), "$"),  # S8.20
    (re.compile(r"(?<=\d)Z(?!\w)"), "%"),  # 6Z
    (re.compile(r"(?<![\w.,])[0O](?= ?[1-9]\d?(?:[.,]\d+)?%)"), "@"),  # 0 6%, 06%
    (re.compile(r"(?<!\w)\w(?=%)"), "0123456789"),  # G%
)
"""What was read, in its surroundings, and what it may be instead."""


def settle_symbols(line: Sequence[Glyph]) -> list[str]:
    """Return the characters of a line, with symbols where they were taken for something else."""
    texts = [glyph.text for glyph in line]
    for pattern, wanted in _RULES:
        for match in pattern.finditer("".join(texts)):
            rivals = [
                (share, text)
                for text, share in line[match.start()].rivals
                if text in wanted and share >= ENOUGH
            ]
            if rivals and texts[match.start()] not in wanted:
                texts[match.start()] = max(rivals)[1]
    return texts
