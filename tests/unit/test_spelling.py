import pytest

from ocr_worker.engines.rapidocr.lexicon import common_words
from ocr_worker.engines.rapidocr.lookalikes import Glyph
from ocr_worker.engines.rapidocr.spelling import is_one_word, spell

WORDS = frozenset(
    {"invoice", "item", "total", "sub", "bill", "bull", "cafe", "in", "human", "inhuman"}
)


def read(text, **rivals):
    """The word, in which characters named by place (`at4`) may be others as well."""
    glyphs = [Glyph(char) for char in text]
    for place, several in rivals.items():
        index = int(place.removeprefix("at"))
        glyphs[index] = Glyph(text[index], tuple(several.items()))
    return "".join(spell(glyphs, WORDS))


@pytest.mark.parametrize(
    ("text", "rivals", "expected"),
    [
        ("Involce", {"at4": {"i": 0.02}}, "Invoice"),
        ("lnvolce", {"at0": {"I": 0.4}, "at4": {"i": 0.5}}, "Invoice"),
        ("SUB-IOTAL:", {"at4": {"T": 0.5}}, "SUB-TOTAL:"),
        ("INVOICÉ", {"at6": {"E": 0.4}}, "INVOICE"),
        ("to.al", {"at2": {"t": 0.7}}, "total"),
        ("Bi11", {"at2": {"l": 0.5}, "at3": {"l": 0.5}}, "Bill"),
    ],
)
def test_what_second_choices_make_a_common_word_becomes_that_word(text, rivals, expected):
    assert read(text, **rivals) == expected


@pytest.mark.parametrize(
    ("text", "rivals"),
    [
        ("Involce", {"at4": {"i": 0.001}}),  # hardly possible
        ("lnvolce", {"at0": {"I": 0.05}, "at4": {"i": 0.05}}),  # both together are not
        ("Bill", {"at1": {"u": 0.9}}),  # a common word already
        ("t..al", {"at1": {"o": 0.7}, "at2": {"t": 0.7}}),  # two marks part words
        ("in.human", {"at2": {"e": 0.7}}),  # no common word either way
        ("Suh", {"at2": {"b": 0.9}}),  # short
        ("cafè", {"at3": {"e": 0.1}}),  # the accent is rather there
        ("INVoice1", {"at7": {"s": 0.9}}),  # no common word either way
        ("Bi33", {"at2": {"l": 0.9}, "at3": {"l": 0.9}}),  # digits that look like no letter
        ("iNVOlCE", {"at4": {"I": 0.9}}),  # nobody writes it so
        ("ABCDEFG", {"at0": {"I": 0.9}, "at1": {"N": 0.9}, "at2": {"V": 0.9}}),
    ],
)
def test_anything_else_stays_as_it_was_read(text, rivals):
    assert read(text, **rivals) == text


def test_the_likeliest_of_several_words_is_taken():
    glyphs = [Glyph("T", (("t", 0.3),)), Glyph("e"), Glyph("x", (("n", 0.2), ("s", 0.5)))]

    assert "".join(spell([*glyphs, Glyph("t")], frozenset({"tent", "test"}))) == "Test"


def test_fewer_changes_come_before_likelier_ones():
    glyphs = [Glyph("T", (("R", 0.9),)), *map(Glyph, "es"), Glyph("l", (("t", 0.1), ("d", 0.9)))]

    assert "".join(spell(glyphs, frozenset({"test", "resd"}))) == "Test"


def test_a_word_that_is_in_doubt_all_over_stays_as_it_was_read():
    doubtful = [Glyph(char, (("x", 0.9),)) for char in "internatiomal"]
    doubtful[10] = Glyph("m", (("n", 0.9),))
    words = frozenset({"international"})

    assert "".join(spell(doubtful, words)) == "internatiomal"
    assert "".join(spell([*map(Glyph, "internatio"), *doubtful[10:]], words)) == "international"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("I", "nvoice", True),
        ("TO", "TAL", True),
        ("in", "human", False),  # both are words
        ("to", "Tal", False),  # nobody writes it so
        ("i", "n", False),  # short
        ("J", "alan", False),  # no common word
    ],
)
def test_a_space_goes_where_it_parts_a_common_word(left, right, expected):
    assert is_one_word(left, right, WORDS) is expected


def test_the_common_words_are_there_in_small_letters():
    words = common_words()

    assert {"invoice", "receipt", "total", "straße", "rechnung", "in"} <= words
    assert all(word.isalpha() and word == word.lower() for word in words)
    assert "involce" not in words
