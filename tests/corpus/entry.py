"""What is known of a file of the corpus: what each of its pages is to end as, and words on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from tests.scans import text_image

READ = "recognized"
NATIVE = "native_text"
DAMAGED = "document_unreadable"
TOO_LARGE = "limit_exceeded"
UNKNOWN = "unsupported_format"

WORDS = (
    *("HARBOUR", "LANTERN", "MEADOW", "THUNDER", "VELVET", "ORCHARD", "COPPER", "WINTER"),
    *("GARDEN", "PILLOW", "ROCKET", "SADDLE", "TUNNEL", "BUTTER", "CANDLE", "DRAGON"),
    *("FALCON", "GINGER", "HAMMER", "ISLAND", "JACKET", "KETTLE", "LADDER", "MARBLE"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file and what is to become of it where every page that is read is `recognized`.

    `error` is the kind of error of a document that cannot be opened; otherwise `pages` has the
    state of each page, or the kind of its error. `words` are on every page that is read, in letters
    that the real engine finds.
    """

    name: str
    pages: tuple[str, ...] = ()
    error: str | None = None
    format: str | None = None
    words: tuple[str, ...] = ()
    password: str | None = None
    warns: bool = False

    @property
    def is_good(self) -> bool:
        """Whether every page of it is read."""
        return self.error is None and set(self.pages) <= {READ, NATIVE}


def good(name: str, format_: str, words: Sequence[str] = (), **members: object) -> Entry:
    """Return the entry of a file of one page that is read."""
    return Entry(name, (READ,), format=format_, words=tuple(words), **members)


def bad(name: str, error: str, **members: object) -> Entry:
    """Return the entry of a file that cannot be opened."""
    return Entry(name, error=error, **members)


def words_for(number: int) -> tuple[str, str]:
    """Return two words, others for each of some hundred numbers."""
    n = len(WORDS)
    return WORDS[number % n], WORDS[(number * 7 + number // n + 3) % n]


def picture(words: Sequence[str], mode: str = "RGB", size: tuple[int, int] = (440, 180)):
    """Return an image of the words, one in each line, in a mode of Pillow."""
    image: Image.Image = text_image(words, size=size, font_px=48, margin=24)
    return image if mode == "RGB" else image.convert(mode)
