"""The common words of English and German, by which doubtful letters are settled.

They lie beside this module, a word a line in small letters, taken from the word lists of
Tesseract's language data (Apache License 2.0); docs/adr/0019 tells how.
"""

import gzip
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("common_words.txt.gz")
LICENCE = Path(__file__).with_name("common_words.licence.txt")
"""Of the words; goes wherever they go."""


@cache
def common_words() -> frozenset[str]:
    """Return the words in small letters; read when first wanted, which takes some 20 ms."""
    return frozenset(gzip.decompress(FILE.read_bytes()).decode().split())
