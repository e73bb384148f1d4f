"""What is escaped reads the same again, by a parser of CommonMark with GitHub's tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ocr_worker.outputs.markdown.escaping import (
    escaped,
    escaped_cell,
    escaped_heading,
    escaped_lines,
)

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MARKUP = st.text(st.sampled_from("ab1 .)-+*_~`#>|[]()!<&;:=\\/\"'x"), min_size=1, max_size=24)
LINES = st.lists(MARKUP.map(str.strip).filter(bool), min_size=1, max_size=4).map("\n".join)


def shown(markdown):
    """Return the kinds of block that a reader sees, and the text in them."""
    tokens = PARSER.parse(markdown)
    kinds = [token.type for token in tokens if token.nesting == 1]
    text = []
    for token in tokens:
        for child in token.children or []:
            if child.type in ("softbreak", "hardbreak"):
                text.append("\n")
            else:
                assert child.type in ("text", "text_special"), (markdown, child)
                text.append(child.content)
    return kinds, "".join(text)


@given(LINES)
def test_lines_are_a_paragraph_of_the_same_text(text):
    assert shown(escaped_lines(text).replace("\n", "  \n")) == (["paragraph_open"], text)


@given(LINES)
def test_an_item_of_a_list_has_the_same_text(text):
    text = " ".join(text.split())

    kinds, found = shown(f"- {escaped_lines(text)}")

    assert kinds == ["bullet_list_open", "list_item_open", "paragraph_open"]
    assert found == text


@given(LINES)
def test_a_heading_has_the_same_text(text):
    text = " ".join(text.split())

    assert shown(f"## {escaped_heading(text)}") == (["heading_open"], text)


@given(LINES)
def test_a_cell_of_a_table_has_the_same_text(text):
    text = " ".join(text.split())

    kinds, found = shown(f"| {escaped_cell(text)} | b |\n| --- | --- |\n| c | d |")

    assert kinds.count("th_open") == 2
    assert found == f"{text}bcd"


@pytest.mark.parametrize(
    "text",
    [
        "Plain text, with (brackets), a dash - and 50 % of it.",
        "snake_case_names and 5 * 3 * 2",
        "AT&T, Q&A; fish & chips",
        "3 < 4 > 2",
        "a [note] and another [1]",
        "(a](b)",
        "issue #4, e-mail a@b.c, 100% ~ 90%",
        "one ` alone and one * alone",
        "2.5 and 14.Mai",
        "-30.88",
        "#hashtag",
        "C:\\Users",
    ],
)
def test_what_would_not_act_is_left_alone(text):
    assert escaped_lines(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# no heading", "\\# no heading"),
        ("> no quotation", "\\> no quotation"),
        ("- no item", "\\- no item"),
        ("12. no item", "12\\. no item"),
        ("3) no item", "3\\) no item"),
        ("*no emphasis*", "\\*no emphasis\\*"),
        ("__init__", "\\_\\_init\\_\\_"),
        ("`no code`", "\\`no code\\`"),
        ("[no](link)", "[no\\](link)"),
        ("[[]()", "[[\\]()"),
        ("[no]: definition", "\\[no]: definition"),
        ("<b>no tag</b>", "\\<b>no tag\\</b>"),
        ("&copy; no sign", "\\&copy; no sign"),
        ("a \\* b", "a \\\\* b"),
        ("---", "\\---"),
        ("above\n===", "above\n\\==="),
        ("a|b\n-:|-", "a|b\n\\-:|-"),
        ("~~kept~~", "\\~\\~kept\\~\\~"),
        ("a*€b*", "a\\*€b\\*"),  # where a symbol is no punctuation, as on GitHub
    ],
)
def test_what_would_act_is_escaped(text, expected):
    assert escaped_lines(text) == expected


def test_within_a_line_nothing_is_the_first_of_it():
    assert escaped("# 1. - >") == "# 1. - >"
