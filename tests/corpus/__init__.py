"""Documents of every kind that is read, broken and hostile ones too, with what becomes of each.

They are made in code, always the same, so the repository holds nobody's documents:

    python -m tests.corpus FOLDER
"""

from pathlib import Path

from tests.corpus.bombs import bombs
from tests.corpus.broken import broken
from tests.corpus.entry import Entry
from tests.corpus.images import images
from tests.corpus.pdf_codecs import pdf_codecs
from tests.corpus.pdfs import pdfs
from tests.corpus.tiffs import tiffs

__all__ = ["Entry", "build"]

_MAKERS = (images, tiffs, pdfs, pdf_codecs, broken, bombs)


def build(folder: Path) -> list[Entry]:
    """Fill a folder, and return what is known of each file."""
    entries = [entry for make in _MAKERS for entry in make(folder)]
    names = [entry.name for entry in entries]
    assert len(names) == len(set(names)), "two files of one name"
    return entries
