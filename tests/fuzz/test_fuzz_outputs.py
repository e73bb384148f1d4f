"""Whatever a page holds, its files are valid and hold its words."""

import json

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from ocr_worker import wire
from ocr_worker.outputs import alto, hocr
from ocr_worker.outputs import json as json_output
from ocr_worker.outputs.markdown import render as markdown
from ocr_worker.outputs.xml_text import allowed
from schema.output import output_schema
from tests.alto_rules import ALTO, check_alto
from tests.hocr_rules import check_hocr
from tests.recognized_pages import rendered

VALIDATOR = Draft202012Validator(output_schema())
PARSER = MarkdownIt("commonmark").enable("table")

sizes = st.floats(0, 900).map(lambda number: round(number, 2))
texts = st.text(
    st.one_of(
        st.sampled_from("ab 1.-•*|#<&\x00\x0c\u200f\u05d0字"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
)
boxes = {"x": sizes, "y": sizes, "width": sizes, "height": sizes, "confidence": st.floats(0, 1)}
words = st.builds(wire.Word, text=texts, line=st.just(0), block=st.just(0), **boxes)
slants = st.one_of(
    st.just({"angle": 0.0, "thickness": None}),
    st.fixed_dictionaries({"angle": st.floats(-180, 180), "thickness": sizes}),
)


@st.composite
def lines(draw, block):
    some = draw(st.lists(words, max_size=3))
    text = draw(st.one_of(texts, st.just(" ".join(word.text for word in some))))
    box = {name: draw(each) for name, each in boxes.items()}
    return wire.Line(text=text, block=block, words=tuple(some), **box, **draw(slants))


@st.composite
def pages(draw, number):
    n_blocks = draw(st.integers(0, 3))
    found = [
        each
        for block in range(n_blocks)
        for each in draw(st.lists(lines(block), min_size=1, max_size=4))
    ]
    joined = draw(st.sampled_from(["\n", "  ", "\n\n"])).join(line.text for line in found)
    return wire.Page(
        page=number,
        state="recognized" if found else "empty",
        text=joined,
        width_pt=draw(st.floats(1, 900)),
        height_pt=draw(st.floats(1, 900)),
        confidence=draw(st.none() | st.floats(0, 1)),
        lines=tuple(found),
        orientation=draw(st.sampled_from([None, 0, 90, 180, 270])),
        skew=draw(st.none() | st.floats(-45, 45)),
        dpi=draw(st.none() | st.floats(20, 1200)),
    )


@given(pages(1), pages(2))
def test_every_file_is_valid_and_none_of_its_words_is_lost(first, second):
    written = [
        allowed(word.text).strip()
        for page in (first, second)
        for line in page.lines
        for word in line.words or (line,)
    ]

    found = [
        each.get("CONTENT")
        for page in check_alto(rendered(alto, first, second))
        for each in page.iter(f"{ALTO}String")
    ]
    assert [" ".join(text.split()) for text in found] == [
        " ".join(text.split()) for text in written if text
    ]
    check_hocr(rendered(hocr, first, second))
    VALIDATOR.validate(json.loads(rendered(json_output, first, second)))


@given(pages(1))
def test_markdown_of_any_page_loses_no_letter(page):
    content = rendered(markdown, page).decode()

    tokens = PARSER.parse(content)
    shown = "".join(child.content for token in tokens for child in token.children or [])
    for character in "ab\u05d0字":
        assert shown.count(character) == sum(line.text.count(character) for line in page.lines)
