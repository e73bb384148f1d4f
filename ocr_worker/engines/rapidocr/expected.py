"""What the languages asked for let expect of a page's characters."""

from dataclasses import dataclass

from ocr_worker.engines.rapidocr.lookalikes import DOTLESS_I_LANGUAGES
from ocr_worker.languages import resolve


@dataclass(frozen=True, slots=True)
class Expected:
    """With `east_asian`, Chinese and Japanese are expected everywhere; without, only where nothing
    else fits a line. With `dotless_i`, an i without a dot is meant as such."""

    east_asian: bool = False
    dotless_i: bool = False


def expected_of(languages: tuple[str, ...]) -> Expected:
    """Return what languages let expect, given their codes; one that is not known, anything."""
    found = [resolve(code) for code in languages]
    return Expected(
        east_asian=any(each is None or each.script != "Latn" for each in found),
        dotless_i=any(each is not None and each.code in DOTLESS_I_LANGUAGES for each in found),
    )
