import pytest

from ocr_worker.engines.rapidocr.lookalikes import Glyph, settle


def read(text, **rivals):
    """The word, in which characters named by place (`at4`) have one look-alike."""
    glyphs = [Glyph(char) for char in text]
    for place, rival in rivals.items():
        glyphs[int(place.removeprefix("at"))] = Glyph(text[int(place.removeprefix("at"))], (rival,))
    return "".join(settle(glyphs))


@pytest.mark.parametrize(
    ("text", "rivals", "expected"),
    [
        ("15.0C", {"at4": ("0", 0.3)}, "15.00"),
        ("86Q671-D", {"at2": ("0", 0.1)}, "860671-D"),
        ("SC1SSOR", {"at2": ("I", 0.1)}, "SCISSOR"),
        ("Bi1l:", {"at2": ("l", 0.4)}, "Bill:"),
        ("456OO", {"at3": ("0", 0.5), "at4": ("0", 0.5)}, "45600"),
        ("6OO", {"at1": ("0", 0.5), "at2": ("0", 0.5)}, "6OO"),
        ("456OO", {"at3": ("0", 0.1), "at4": ("0", 0.1)}, "456OO"),
        ("456OO", {"at3": ("0", 0.5)}, "456OO"),
    ],
)
def test_one_that_does_not_fit_its_word_gives_way_to_its_look_alike(text, rivals, expected):
    assert read(text, **rivals) == expected


def test_a_look_alike_that_is_hardly_possible_stays_out():
    assert read("15.0C", at4=("0", 0.001)) == "15.0C"


@pytest.mark.parametrize("text", ["A4", "B12", "x2", "M026588", "GA1801"])
def test_codes_of_letters_and_digits_stay_as_they_are(text):
    rivals = {f"at{place}": ("0", 0.01) for place in range(len(text))}

    assert read(text, **rivals) == text


def test_a_capital_before_small_letters_stays_one():
    assert read("Ill", at0=("l", 0.9)) == "Ill"


def test_the_likeliest_of_several_is_taken():
    glyphs = [Glyph("A"), Glyph("B"), Glyph("0", (("O", 0.1), ("D", 0.4)))]

    assert "".join(settle(glyphs)) == "ABD"


def test_what_only_fits_but_looks_different_stays_out():
    assert read("15.0C", at4=("8", 0.9)) == "15.0C"
