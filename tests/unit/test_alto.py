import math
from xml.etree import ElementTree

import pytest

from ocr_worker.outputs import alto
from tests.alto_rules import ALTO, box_of, check_alto, name_of
from tests.recognized_pages import line, page, rendered, word


def made(*pages, **more):
    return check_alto(rendered(alto, *pages, **more))


def every(pages, name):
    return [each for top in pages for each in top.iter(f"{ALTO}{name}")]


def test_pages_blocks_lines_and_words_lie_in_one_another():
    pages = made(
        page(line("two words", 72, 72), line("more", 72, 90), line("apart", 72, 200, block=1)),
        page(line("next page", 72, 72), number=2),
    )

    assert [top.get("PHYSICAL_IMG_NR") for top in pages] == ["1", "2"]
    assert [len(every(pages, name)) for name in ("TextBlock", "TextLine", "String")] == [3, 4, 6]
    assert [each.get("CONTENT") for each in every(pages, "String")] == [
        "two",
        "words",
        "more",
        "apart",
        "next",
        "page",
    ]


def test_boxes_are_in_parts_of_an_inch_whatever_the_resolution():
    pages = made(
        page(line("one", 72, 36, 144, 18), dpi=200.0),
        page(line("one", 72, 36, 144, 18), dpi=None, state="native_text", number=2),
    )

    assert [(top.get("WIDTH"), top.get("HEIGHT")) for top in pages] == [("9917", "14033")] * 2
    assert [box_of(each) for each in every(pages, "TextLine")] == [(1200, 600, 3600, 900)] * 2


def test_the_print_space_holds_the_blocks_and_no_more():
    (top,) = made(page(line("a", 72, 72, 72, 72), line("b", 144, 288, 72, 72, block=1)))

    (space,) = every([top], "PrintSpace")
    assert box_of(space) == (1200, 1200, 3600, 6000)


def test_an_empty_page_says_so_and_has_no_blocks():
    empty, full = made(page(), page(line("text", 72, 72), number=2))

    assert empty.get("PAGECLASS") == "empty"
    assert empty.get("PC") is None
    assert every([empty], "TextBlock") == []
    assert full.get("PAGECLASS") is None


def test_confidences_are_those_of_page_and_words():
    (top,) = made(page(line("sure", 72, 72, words=[word("sure", 72, 72, 9, 9, 0.875)])))

    assert top.get("PC") == "0.9"
    assert every([top], "String")[0].get("WC") == "0.875"


def test_white_space_stands_between_words_that_are_apart():
    words = [word("漢", 72, 72, 9, 12), word("字", 81, 72, 9, 12), word("ok", 108, 72, 18, 12)]

    (found,) = every(made(page(line("漢字 ok", 72, 72, words=words))), "TextLine")

    assert [name_of(each) for each in found] == ["String", "String", "SP", "String"]
    assert box_of(found[2]) == (1500, 1200, 1800, 1400)


def test_white_space_of_words_that_overlap_has_no_place():
    words = [word("a", 72, 72, 40, 12), word("b", 100, 72, 40, 12)]

    (space,) = every(made(page(line("a b", 72, 72, words=words))), "SP")

    assert dict(space.attrib) == {}


def test_a_level_line_needs_no_baseline():
    pages = made(page(line("level", 72, 72)))

    assert every(pages, "TextLine")[0].get("BASELINE") is None
    assert every(pages, "TextBlock")[0].get("ROTATION") is None


@pytest.mark.parametrize("angle", [3.0, -3.0, 90.0, -90.0, 180.0, 93.0])
def test_a_slanted_line_tells_the_ends_of_its_lower_edge(angle):
    turn = math.radians(angle)
    along = (math.cos(turn), math.sin(turn))
    width = 200 * abs(along[0]) + 12 * abs(along[1])
    height = 200 * abs(along[1]) + 12 * abs(along[0])
    item = line(
        "slanted", 300 - width / 2, 400 - height / 2, width, height, angle=angle, thickness=12.0
    )

    pages = made(page(item))

    (found,) = every(pages, "TextLine")
    ends = [tuple(map(float, point.split(","))) for point in found.get("BASELINE").split()]
    scale = 1200 / 72
    middle = (300 - 6 * along[1], 400 + 6 * along[0])
    expected = [
        ((middle[0] - 100 * along[0]) * scale, (middle[1] - 100 * along[1]) * scale),
        ((middle[0] + 100 * along[0]) * scale, (middle[1] + 100 * along[1]) * scale),
    ]
    assert ends[0] == pytest.approx(expected[0], abs=1)
    assert ends[1] == pytest.approx(expected[1], abs=1)
    assert float(every(pages, "TextBlock")[0].get("ROTATION")) == -angle


def test_a_right_to_left_line_says_so_and_keeps_its_logical_order():
    words = [word("דבר", 150, 72, 30, 12), word("אחר", 100, 72, 30, 12)]

    pages = made(page(line("דבר אחר", 100, 72, 80, words=words)))

    assert every(pages, "TextLine")[0].get("BASEDIRECTION") == "rtl"
    assert every(pages, "TextBlock")[0].get("BASEDIRECTION") == "rtl"
    assert [each.get("CONTENT") for each in every(pages, "String")] == ["דבר", "אחר"]
    assert box_of(every(pages, "SP")[0]) == (2167, 1200, 2500, 1400)


def test_a_line_says_so_where_it_is_read_another_way_than_its_block():
    hebrew = [line("דבר אחר", 72, 72 + 18 * number) for number in range(3)]

    pages = made(page(*hebrew, line("left to right", 72, 126), line("2024 - 2025", 72, 144)))

    assert every(pages, "TextBlock")[0].get("BASEDIRECTION") == "rtl"
    directions = [each.get("BASEDIRECTION") for each in every(pages, "TextLine")]
    assert directions == ["rtl"] * 3 + ["ltr", None], "numbers are read as those around them"


def test_a_right_to_left_line_of_another_block_says_so_by_itself():
    pages = made(page(line("left", 72, 72), line("right", 72, 90), line("דבר", 72, 108)))

    assert every(pages, "TextBlock")[0].get("BASEDIRECTION") is None
    directions = [each.get("BASEDIRECTION") for each in every(pages, "TextLine")]
    assert directions == [None, None, "rtl"]


def test_what_xml_cannot_say_is_left_out_and_markup_is_text():
    words = [word('<a "b">&\x00', 72, 72, 9, 9), word("\x1b", 90, 72, 9, 9)]

    found = every(made(page(line("x", 72, 72, words=words))), "String")

    assert [each.get("CONTENT") for each in found] == ['<a "b">&']


@pytest.mark.parametrize(
    ("legal", "other"),
    [
        ('WIDTH="9917"', 'WIDTH="٩٩١٧"'),
        ('WIDTH="9917"', 'WIDTH="9917 px"'),
        ('ID="page_1"', 'ID="page_²"'),
        ('ID="page_1"', 'ID="1"'),
        ('WC="0.9"', 'WC="nan"'),
        ("<SP/>", "<SP> </SP>"),
        ("<SP/>", "<SP/><SP/>"),
        (' PHYSICAL_IMG_NR="1"', ""),
        ("inch1200", "inch"),
    ],
)
def test_what_the_schema_refuses_is_refused_by_these_rules(legal, other):
    words = [word("a", 72, 72, 40, 12), word("b", 100, 72, 40, 12)]
    content = rendered(alto, page(line("a b", 72, 72, words=words))).decode()
    check_alto(content)
    assert legal in content

    with pytest.raises((AssertionError, KeyError)):
        check_alto(content.replace(legal, other, 1))


def test_a_line_of_nothing_that_xml_can_say_is_left_out():
    pages = made(page(line("\x1b", 72, 72, words=[word("\x1b", 72, 72, 9, 9)])))

    assert every(pages, "TextBlock") == []


@pytest.mark.parametrize("file", ["/home/me/a&b.pdf", r"C:\Users\me\a&b.pdf", "a&b.pdf"])
def test_the_description_names_file_and_software_and_no_folder(file):
    content = rendered(alto, page(line("text", 72, 72)), file=file, languages=("deu", "en"))

    root = ElementTree.fromstring(content)
    assert root.findtext(f".//{ALTO}fileName") == "a&b.pdf"
    assert root.findtext(f".//{ALTO}softwareName") == "ocr-sidecar"
    assert root.findtext(f".//{ALTO}softwareVersion") == "1.2.3"
    settings = root.findtext(f".//{ALTO}processingStepSettings")
    assert settings == "engine: rapidocr; languages: de, en"
