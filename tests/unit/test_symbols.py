import pytest

from ocr_worker.engines.rapidocr.lookalikes import Glyph
from ocr_worker.engines.rapidocr.symbols import settle_symbols


def read(text, place, **rivals):
    """The line, in which the character at the place may be others as well."""
    glyphs = [Glyph(char) for char in text]
    glyphs[place] = Glyph(text[place], tuple(rivals.items()))
    return "".join(settle_symbols(glyphs))


@pytest.mark.parametrize(
    ("text", "place", "rivals", "expected"),
    [
        ("Total: S8.20", 7, {"$": 0.4}, "Total: $8.20"),
        ("GST 0 6%", 4, {"@": 0.3, "6": 0.9}, "GST @ 6%"),
        ("SR:06.5%", 3, {"@": 0.3}, "SR:@6.5%"),
        ("6Z incl.", 1, {"%": 0.2}, "6% incl."),
        ("SR G%", 3, {"6": 0.3, "5": 0.1}, "SR 6%"),
    ],
)
def test_what_stands_where_a_symbol_does_becomes_that_symbol(text, place, rivals, expected):
    assert read(text, place, **rivals) == expected


@pytest.mark.parametrize(
    ("text", "place", "rivals"),
    [
        ("S8.20", 0, {"$": 0.01}),  # hardly possible
        ("S8.205", 0, {"$": 0.9}),  # no amount
        ("BS8.20", 1, {"$": 0.9}),  # a code
        ("S8", 0, {"$": 0.9}),
        ("10 6%", 1, {"@": 0.9}),  # a number of its own
        ("0.6%", 0, {"@": 0.9}),
        ("00%", 0, {"@": 0.9}),
        ("6Zn", 1, {"%": 0.9}),
        ("SG%", 1, {"6": 0.9}),
        ("6%", 0, {"5": 0.9}),  # a digit already
    ],
)
def test_elsewhere_it_stays_as_it_was_read(text, place, rivals):
    assert read(text, place, **rivals) == text
