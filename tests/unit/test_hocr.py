import math

import pytest

from ocr_worker.outputs import hocr
from tests.hocr_rules import HTML, box_of, check_hocr, properties_of
from tests.recognized_pages import line, page, rendered, word


def made(*pages, **more):
    return check_hocr(rendered(hocr, *pages, **more))


def every(pages, kind):
    return [each for top in pages for each in top.iter() if each.get("class") == kind]


def slanted(angle, length=200.0, thickness=12.0, centre=(300.0, 400.0)):
    """A line of one word whose true rectangle is turned about its centre."""
    turn = math.radians(angle)
    width = length * abs(math.cos(turn)) + thickness * abs(math.sin(turn))
    height = length * abs(math.sin(turn)) + thickness * abs(math.cos(turn))
    return line(
        "slanted",
        centre[0] - width / 2,
        centre[1] - height / 2,
        width,
        height,
        angle=angle,
        thickness=thickness,
    )


def test_pages_blocks_lines_and_words_lie_in_one_another():
    pages = made(
        page(line("two words", 72, 72), line("more", 72, 90), line("apart", 72, 200, block=1)),
        page(line("next page", 72, 72), number=2),
    )

    assert [len(every(pages, kind)) for kind in ("ocr_page", "ocr_carea", "ocr_par")] == [2, 3, 3]
    assert [each.text for each in every(pages, "ocrx_word")] == [
        "two",
        "words",
        "more",
        "apart",
        "next",
        "page",
    ]


def test_boxes_are_pixels_of_the_picture_that_was_read():
    (top,) = made(page(line("one", 72, 36, 144, 18), dpi=200.0))

    assert box_of(top) == (0, 0, 1653, 2339)
    assert properties_of(top)["scan_res"] == "200 200"
    assert box_of(every([top], "ocr_line")[0]) == (200, 100, 600, 150)


def test_a_page_that_kept_its_own_text_counts_300_pixels_to_the_inch():
    (top,) = made(page(line("own", 72, 72), state="native_text", dpi=None))

    assert box_of(top) == (0, 0, 2479, 3508)
    assert properties_of(top)["scan_res"] == "300 300"


def test_a_word_that_sticks_out_of_its_line_makes_the_line_larger():
    odd = line("odd", 72, 72, 100, 10, words=[word("odd", 60, 70, 130, 14)])

    pages = made(page(odd, dpi=72.0))

    assert box_of(every(pages, "ocr_line")[0]) == (60, 70, 190, 84)
    assert box_of(every(pages, "ocr_carea")[0]) == (60, 70, 190, 84)


def test_boxes_at_the_edge_and_without_size_still_lie_on_the_page():
    edge = line("e", 595, 842, 0, 0, words=[word("e", 595, 842, 0, 0)])
    inside = line("i", 90, 80, 0, 0, words=[word("i", 90, 80, 0, 0)])

    (top,) = made(page(edge, inside, dpi=72.0))

    assert [box_of(each) for each in every([top], "ocrx_word")] == [
        (594, 841, 595, 842),
        (90, 80, 91, 81),
    ]


def test_a_level_line_stands_on_the_lower_edge_of_its_box():
    (level,) = every(made(page(line("level", 72, 72, 144, 18), dpi=72.0)), "ocr_line")

    properties = properties_of(level)
    assert properties["baseline"] == "0 0"
    assert properties["x_size"] == "18.0"
    assert "textangle" not in properties


@pytest.mark.parametrize("angle", [3.0, -3.0, 30.0, -30.0])
def test_a_slanted_line_tells_its_baseline_from_the_lower_left_of_its_box(angle):
    item = slanted(angle)
    (found,) = every(made(page(item, dpi=720.0)), "ocr_line")

    properties = properties_of(found)
    slope, constant = (float(number) for number in properties["baseline"].split())
    assert slope == pytest.approx(math.tan(math.radians(angle)), abs=1e-4)
    # Of the edge's middle it is known where it is: half a thickness below the centre.
    x = (300 - math.sin(math.radians(angle)) * 6) * 10
    y = (400 + math.cos(math.radians(angle)) * 6) * 10
    left, _, _, bottom = box_of(found)
    assert bottom + constant + slope * (x - left) == pytest.approx(y, abs=2)
    assert properties["x_size"] == "120.0"
    assert "textangle" not in properties


@pytest.mark.parametrize(
    ("angle", "textangle"), [(90.0, "270"), (-90.0, "90"), (180.0, "180"), (-180.0, "180")]
)
def test_a_line_in_a_quarter_turn_tells_it_counter_clockwise(angle, textangle):
    (found,) = every(made(page(slanted(angle), dpi=720.0)), "ocr_line")

    properties = properties_of(found)
    assert properties["textangle"] == textangle
    assert properties["baseline"] == "0 0"
    assert properties["x_size"] == "120.0"


@pytest.mark.parametrize("quarter", [0.0, 90.0, 180.0, -90.0])
def test_what_is_left_of_a_slant_is_the_same_in_every_quarter(quarter):
    (upright,) = every(made(page(slanted(4.0), dpi=720.0)), "ocr_line")
    (turned,) = every(made(page(slanted(quarter + 4.0), dpi=720.0)), "ocr_line")

    expected = [float(number) for number in properties_of(upright)["baseline"].split()]
    found = [float(number) for number in properties_of(turned)["baseline"].split()]
    assert found == pytest.approx(expected, abs=1)
    assert found[0] == pytest.approx(expected[0], abs=1e-4)


def test_markup_in_the_text_is_text():
    (found,) = every(made(page(line("<b>&amp;", 72, 72))), "ocrx_word")

    assert found.text == "<b>&amp;"


def test_what_xml_cannot_say_is_left_out_and_a_word_of_nothing_else_too():
    item = line("a\x00b \x0c\ufffe", 72, 72, words=[word("a\x00b", 72, 72, 9, 9)])
    nothing = line("\x1b", 72, 90, words=[word("\x1b", 72, 90, 9, 9)], block=1)

    pages = made(page(item, nothing))

    assert [each.text for each in every(pages, "ocrx_word")] == ["ab"]
    assert len(every(pages, "ocr_carea")) == 1


def test_a_line_without_words_is_one_word():
    (found,) = every(made(page(line("all of it", 72, 72, words=()))), "ocrx_word")

    assert found.text == "all of it"


def test_words_are_apart_only_where_the_line_has_white_space():
    words = [word("漢", 72, 72, 9, 9), word("字", 81, 72, 9, 9), word("ok", 99, 72, 9, 9)]

    (found,) = every(made(page(line("漢字 ok", 72, 72, words=words))), "ocr_line")

    assert "".join(found.itertext()).strip().split() == ["漢字", "ok"]


def test_words_that_their_line_does_not_spell_are_apart():
    words = [word("one", 72, 72, 9, 9), word("two", 90, 72, 9, 9)]

    (found,) = every(made(page(line("others", 72, 72, words=words))), "ocr_line")

    assert "".join(found.itertext()).split() == ["one", "two"]


def test_right_to_left_words_say_so_and_stay_in_logical_order():
    pages = made(page(line("דבר 2024 עולם", 72, 72), line("left", 72, 200, block=1)))

    words = every(pages, "ocrx_word")
    assert [each.text for each in words] == ["דבר", "2024", "עולם", "left"]
    assert [each.get("dir") for each in words] == ["rtl", None, "rtl", None]
    assert [each.get("dir") for each in every(pages, "ocr_par")] == ["rtl", None]


def test_a_line_says_so_where_it_is_read_another_way_than_its_paragraph():
    hebrew = [line("דבר אחר", 72, 72 + 18 * number) for number in range(3)]
    other = [line("left", 72, 200, block=1), line("right", 72, 218, block=1)]

    pages = made(
        page(
            *hebrew,
            line("left to right", 72, 126),
            line("2024 - 2025", 72, 144),
            *other,
            line("עולם", 72, 236, block=1),
        )
    )

    assert [each.get("dir") for each in every(pages, "ocr_par")] == ["rtl", None]
    directions = [each.get("dir") for each in every(pages, "ocr_line")]
    assert directions == [None, None, None, "ltr", None, None, None, "rtl"]


@pytest.mark.parametrize(
    ("legal", "other"),
    [
        ("bbox 200 ", "bbox ٢٠٠ "),
        ('id="page_1"', 'id=""'),
        ('id="page_1"', 'id="page 1"'),
        (
            '<meta name="ocr-langs" content="unknown"/>',
            '<meta name="ocr-langs" content="unknown"/><meta name="ocr-langs" content="de"/>',
        ),
        ("</head>", "<p>text</p></head>"),
    ],
)
def test_what_is_no_hocr_is_refused_by_these_rules(legal, other):
    content = rendered(hocr, page(line("text", 72, 72))).decode()
    check_hocr(content)
    assert legal in content

    with pytest.raises(AssertionError):
        check_hocr(content.replace(legal, other, 1))


def test_marks_of_direction_are_left_to_the_attribute():
    (found,) = every(made(page(line("\u200fדבר\u200e", 72, 72))), "ocrx_word")

    assert found.text == "דבר"


def test_an_empty_page_is_a_page_without_areas():
    pages = made(page(), page(line("text", 72, 72), number=2))

    assert len(pages) == 2
    assert len(pages[0]) == 0


@pytest.mark.parametrize("file", ["/home/me/scan.pdf", r"C:\Users\me\scan.pdf", "scan.pdf"])
def test_the_image_is_a_name_without_folders(file):
    (top,) = made(page(line("text", 72, 72)), file=file)

    assert properties_of(top)["image"] == '"scan.pdf"'


def test_a_name_cannot_end_its_property():
    (top,) = made(page(line("text", 72, 72)), file='a"; bbox 1 2 3 4<&>.pdf')

    assert properties_of(top)["image"] == '"a%22%3B bbox 1 2 3 4<&>.pdf"'


def test_the_head_tells_the_system_and_the_languages_that_were_looked_for():
    content = rendered(hocr, page(line("text", 72, 72)), languages=("deu", "zh-Hans", "de"))

    head = content.decode().partition("<body>")[0]
    assert '<meta name="ocr-system" content="ocr-sidecar 1.2.3"/>' in head
    assert '<meta name="ocr-langs" content="de zh"/>' in head
    assert '<meta name="ocr-scripts" content="Latn Hans"/>' in head
    assert f"xmlns={HTML.strip('{}')!r}".replace("'", '"') in head


def test_pages_are_numbered_as_in_the_document():
    (top,) = made(page(line("text", 72, 72), number=7))

    assert top.get("id") == "page_7"
    assert properties_of(top)["ppageno"] == "6"
