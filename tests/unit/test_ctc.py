import numpy as np
import pytest

from ocr_worker.engines.rapidocr.ctc import Alphabet, decode

DIGITS = "ABC0123"
ALPHABET = Alphabet(DIGITS)
LETTERS = "Itemn"


def scores(*columns, alphabet=DIGITS):
    """Columns of class probabilities: a mapping from character (blank is "-") to probability."""
    rows = np.zeros((len(columns), len(alphabet) + 2), dtype=np.float32)
    for row, column in zip(rows, columns, strict=True):
        for text, probability in column.items():
            number = {"-": 0, " ": len(alphabet) + 1}.get(text, alphabet.find(text) + 1)
            row[number] = probability
    return rows


def text_of(*columns):
    return decode(scores(*columns), ALPHABET, len(columns)).text


def test_runs_are_merged_and_blanks_dropped():
    assert text_of({"A": 0.9}, {"A": 0.8}, {"-": 0.9}, {"A": 0.9}, {"B": 0.9}) == "AAB"


@pytest.mark.parametrize(("probability", "expected"), [(0.4, "A B"), (0.05, "AB")])
def test_a_space_that_came_second_parts_words_when_it_is_likely_enough(probability, expected):
    between = {"-": 1 - probability, " ": probability}

    assert text_of({"A": 1.0}, between, {"B": 1.0}) == expected


@pytest.mark.parametrize(
    ("before", "after", "probability", "is_apart"),
    [
        ("A", "1", 0.05, True),
        ("1", "A", 0.05, True),
        ("A", "1", 0.01, False),
        ("1", "2", 0.05, False),
        ("1", "2", 0.4, True),
    ],
)
def test_a_less_likely_space_is_enough_beside_a_number(before, after, probability, is_apart):
    between = {"-": 1 - probability, " ": probability}

    text = text_of({before: 1.0}, between, {after: 1.0})

    assert text == (f"{before} {after}" if is_apart else before + after)


@pytest.mark.parametrize(
    ("before", "after", "n_blank", "probability", "is_apart"),
    [
        ("2", "3", 4, 0.05, True),
        ("2", "3", 4, 0.01, False),
        ("2", "3", 1, 0.05, False),
        ("A", "B", 4, 0.05, False),
    ],
)
def test_a_less_likely_space_is_enough_in_a_wide_gap_between_digits(
    before, after, n_blank, probability, is_apart
):
    blank = {"-": 1.0}
    digits = [blank, {"1": 1.0}, blank, {before: 1.0}]
    gap = [{"-": 1 - probability, " ": probability}, *[blank] * n_blank]

    text = text_of(*digits, *gap, {after: 1.0}, blank, {"1": 1.0})

    assert text == (f"1{before} {after}1" if is_apart else f"1{before}{after}1")


def test_a_hidden_space_parts_the_boxes_of_the_words_as_well():
    columns = ({"A": 1.0}, {"-": 0.6, " ": 0.4}, {"B": 1.0})

    left, right = decode(scores(*columns), ALPHABET, 3).words

    assert (left.text, right.text) == ("A", "B")
    assert 0 < left.right <= right.left < 3


def test_a_space_that_was_read_is_not_doubled():
    assert text_of({"A": 1.0}, {" ": 0.9}, {"-": 0.6, " ": 0.4}, {"B": 1.0}) == "A B"


def test_a_look_alike_that_fits_its_word_takes_the_place_of_what_was_read():
    unsure = {"C": 0.6, "0": 0.4}

    assert text_of({"1": 1.0}, {"2": 1.0}, unsure) == "120"
    assert text_of({"A": 1.0}, {"B": 1.0}, unsure) == "ABC"


def test_a_second_choice_that_makes_a_common_word_is_taken():
    unsure = {"n": 0.83, "m": 0.17}
    columns = scores({"I": 1.0}, {"t": 1.0}, {"e": 1.0}, unsure, alphabet=LETTERS)

    line = decode(columns, Alphabet(LETTERS), 4)

    assert line.text == "Item"
    assert [word.text for word in line.words] == ["Item"]


@pytest.mark.parametrize(("probability", "expected"), [(0.4, "Item"), (0.9, "I tem")])
def test_a_doubtful_space_inside_a_common_word_goes(probability, expected):
    between = {" ": probability, "-": 1 - probability}
    rest = ({"t": 1.0}, {"e": 1.0}, {"m": 1.0})

    line = decode(scores({"I": 1.0}, between, *rest, alphabet=LETTERS), Alphabet(LETTERS), 5)

    assert line.text == expected
    assert [word.text for word in line.words] == expected.split()


@pytest.mark.parametrize(
    ("word", "other", "probability", "is_apart"),
    [
        ("dignity", "should", 0.05, True),
        ("dignity", "should", 0.01, False),
        ("dignity", "shoult", 0.05, False),
        ("dignity", "shoult", 0.2, True),
        ("with", "out", 0.05, False),
        ("hand", "some", 0.05, False),
    ],
)
def test_a_space_that_is_hardly_there_parts_two_common_words(word, other, probability, is_apart):
    alphabet = "".join(sorted({*word, *other}))
    between = {"-": 1 - probability, " ": probability}
    columns = [*({letter: 1.0} for letter in word), between, *({letter: 1.0} for letter in other)]

    line = decode(scores(*columns, alphabet=alphabet), Alphabet(alphabet), len(columns))

    assert line.text == (f"{word} {other}" if is_apart else word + other)
    assert [each.text for each in line.words] == line.text.split()


def test_a_symbol_that_came_second_takes_its_place():
    amount = ({"2": 1.0}, {".": 1.0}, {"2": 1.0}, {"0": 1.0})
    columns = scores({"S": 0.7, "$": 0.3}, *amount, alphabet="S$02.")

    assert decode(columns, Alphabet("S$02."), 5).text == "$2.20"


@pytest.mark.parametrize(
    ("has_dotless_i", "share", "expected"),
    [(True, 0.2, "\u0131"), (True, 0.001, "i"), (False, 0.2, "i")],
)
def test_a_dotless_i_that_came_second_is_meant_where_the_language_has_it(
    has_dotless_i, share, expected
):
    alphabet = Alphabet("i\u0131", has_dotless_i=has_dotless_i)
    columns = np.array([[0, 1 - share, share, 0]], dtype=np.float32)

    assert decode(columns, alphabet, 1).text == expected


def test_an_alphabet_without_a_dotless_i_reads_the_dotted_one():
    columns = np.array([[0, 1, 0]], dtype=np.float32)

    assert decode(columns, Alphabet("i", has_dotless_i=True), 1).text == "i"
