from dataclasses import dataclass, field

import numpy as np
import pytest

from ocr_worker import wire
from ocr_worker.documents.base import PageImage
from ocr_worker.documents.text_layer import TextLayer
from ocr_worker.engines.base import Reading, RecognizedLine, RecognizedWord
from ocr_worker.errors import TaskStopped
from ocr_worker.recognition import read_page

SOURCE = wire.Source(path="scan.pdf")


def layer_of(*lines, trust="trusted", reason="letters are what they look like", pictures=()):
    return TextLayer(lines, trust, reason, (600.0, 800.0), pictures)


@dataclass
class FakeDocument:
    """A page of 600 by 800 points, rendered at two pixels a point."""

    layer: TextLayer | None = None
    origin: tuple[float, float] = (0.0, 0.0)
    rendered: list[dict] = field(default_factory=list)

    def describe(self, page):
        return wire.PageInfo(page=page, width_pt=600, height_pt=800, rotation=0, has_text=True)

    def render(self, page, *, dpi, region, scale):
        self.rendered.append({"page": page, "dpi": dpi, "region": region, "scale": scale})
        return PageImage(
            pixels=np.zeros((8, 6, 3), dtype=np.uint8),
            width_pt=600,
            height_pt=800,
            x_pt=self.origin[0],
            y_pt=self.origin[1],
            pixels_per_pt_x=2.0,
            pixels_per_pt_y=4.0,
            dpi=144.0,
        )

    def text_layer(self, page):
        return self.layer


@dataclass
class FakeEngine:
    lines: list[RecognizedLine] = field(default_factory=list)
    name: str = "fake"
    version: str = "1"
    prepared_by: frozenset = frozenset()
    seen: Reading | None = None

    def recognize(self, pixels, reading, checkpoint):
        checkpoint("recognize")
        self.seen = reading
        return self.lines


def quad(x, y, width, height):
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    return np.array(corners, dtype=np.float32)


def recognized(text, x, y, width, height=40.0, confidence=0.9):
    box = quad(x, y, width, height)
    return RecognizedLine(text, confidence, box, (RecognizedWord(text, confidence, box),))


def native(text, x=10.0, y=10.0):
    return wire.Line(text=text, confidence=1.0, x=x, y=y, width=100, height=10, block=0, words=())


def read(document, engine=None, *, checkpoint=lambda stage: None, scale=1.0, **options):
    def engine_of(name):
        assert engine is not None, "the engine was asked for"
        return engine

    command = wire.Recognize(
        task=1,
        source=SOURCE,
        limits=wire.Limits(),
        page=3,
        options=wire.RecognizeOptions(**options),
        scale=scale,
    )
    return read_page(document, command, engine_of, checkpoint)


def test_a_trusted_text_layer_is_kept_and_no_engine_is_asked_for():
    page = read(FakeDocument(layer_of(native("hello"))))

    assert page.state == "native_text"
    assert page.text == "hello"
    assert page.engine is None
    assert (page.width_pt, page.height_pt) == (600, 800)
    assert page.confidence == 1.0


def test_a_text_layer_that_is_not_trusted_is_recognized_over_and_the_page_says_why():
    layer = layer_of(native("h\ufffdllo"), trust="refused", reason="broken letters")

    page = read(FakeDocument(layer), FakeEngine([recognized("hello", 0, 0, 100)]))

    assert page.state == "recognized"
    assert page.text == "hello"
    assert any("broken letters" in warning for warning in page.warnings)


@pytest.mark.parametrize("trust", ["trusted", "doubtful", "refused"])
def test_skip_text_keeps_any_text_layer_and_asks_for_no_engine(trust):
    layer = layer_of(native("hello"), trust=trust, reason="broken letters")

    page = read(FakeDocument(layer), mode="skip_text")

    assert page.state == "native_text"
    assert page.reason == "broken letters"


def test_force_recognizes_in_spite_of_a_trusted_text_layer():
    document = FakeDocument(layer_of(native("own")))

    page = read(document, FakeEngine([recognized("seen", 0, 0, 100)]), mode="force")

    assert page.state == "recognized"
    assert page.text == "seen"


def test_only_native_lines_inside_the_region_are_kept():
    layer = layer_of(native("in", y=10), native("out", y=500))

    page = read(FakeDocument(layer), region=wire.Region(x=0, y=0, width=600, height=100))

    assert page.text == "in"


def test_a_region_without_native_text_is_recognized():
    layer = layer_of(native("out", y=500))
    engine = FakeEngine([recognized("seen", 0, 0, 100)])

    page = read(FakeDocument(layer), engine, region=wire.Region(x=0, y=0, width=600, height=100))

    assert page.state == "recognized"


def test_a_region_of_another_page_does_not_narrow_this_one():
    layer = layer_of(native("here", y=500))
    document = FakeDocument(layer)
    region = wire.Region(x=0, y=0, width=600, height=100, page=9)

    assert read(document, region=region).text == "here"
    read(document, FakeEngine(), region=region, mode="force")
    assert document.rendered[0]["region"] is None


def test_a_page_without_text_is_empty_and_says_so():
    page = read(FakeDocument(), FakeEngine())

    assert page.state == "empty"
    assert page.text == ""
    assert page.reason
    assert page.confidence is None
    assert page.skew is None
    assert page.orientation is None
    assert page.engine == "fake"


def test_lines_of_white_space_are_no_text():
    assert read(FakeDocument(), FakeEngine([recognized("  ", 0, 0, 100)])).state == "empty"


def test_boxes_are_mapped_to_points_of_the_page_from_the_origin_of_the_region():
    document = FakeDocument(origin=(100.0, 200.0))

    page = read(document, FakeEngine([recognized("word", 20, 40, 120, 80)]))

    line = page.lines[0]
    assert (line.x, line.y, line.width, line.height) == (110.0, 210.0, 60.0, 20.0)
    word = line.words[0]
    assert (word.x, word.y, word.width, word.height) == (110.0, 210.0, 60.0, 20.0)
    assert (word.line, word.block) == (0, 0)


def test_boxes_never_leave_the_page_and_are_always_numbers():
    stray = recognized("stray", -50, 3100, 5000, 900)
    broken = recognized("broken", 0, 0, float("nan"))

    page = read(FakeDocument(), FakeEngine([stray, broken]))

    for line in page.lines:
        assert 0 <= line.x <= line.x + line.width <= 600
        assert 0 <= line.y <= line.y + line.height <= 800


def test_numbers_are_rounded_for_the_wire():
    page = read(
        FakeDocument(), FakeEngine([recognized("word", 1.2345, 0, 99.99, confidence=2 / 3)])
    )

    assert 0.6667 == page.lines[0].confidence == page.confidence
    assert page.lines[0].x == 0.62


def test_the_confidence_of_a_page_weighs_lines_by_their_length():
    lines = [
        recognized("x", 0, 0, 400, confidence=0.5),
        recognized("xxx", 0, 100, 400, confidence=1.0),
    ]

    assert read(FakeDocument(), FakeEngine(lines)).confidence == 0.875


def test_cells_of_a_row_share_a_line_of_text_and_blocks_are_set_apart():
    lines = [
        recognized("shop", 100, 0, 300),
        recognized("tea", 0, 200, 150),
        recognized("1.20", 800, 202, 80),
        recognized("milk", 0, 250, 150),
        recognized("0.80", 800, 249, 80),
    ]

    page = read(FakeDocument(), FakeEngine(lines))

    assert page.text == "shop\n\ntea  1.20\nmilk  0.80"
    assert [line.text for line in page.lines] == ["shop", "tea", "1.20", "milk", "0.80"]
    assert [line.block for line in page.lines] == [0, 1, 1, 1, 1]
    assert [line.words[0].line for line in page.lines] == [0, 1, 2, 3, 4]


def test_what_the_host_asked_for_reaches_the_document_and_the_engine():
    document, engine = FakeDocument(), FakeEngine()
    region = wire.Region(x=1, y=2, width=3, height=4, page=3)

    read(document, engine, scale=0.5, dpi=200, region=region, languages=("de", "en"))

    assert [{"page": 3, "dpi": 200, "region": region, "scale": 0.5}] == document.rendered
    assert engine.seen == Reading(("de", "en"))


def test_a_page_tells_its_resolution_its_skew_and_the_seconds_of_each_stage():
    page = read(FakeDocument(), FakeEngine([recognized("word", 0, 0, 200)]))

    assert page.dpi == 144.0
    assert page.skew == 0.0
    assert page.orientation == 0
    assert {"render", "recognize"} == set(page.seconds)


@pytest.mark.parametrize("at", ["render", "recognize"])
def test_a_stop_at_any_checkpoint_leaves_the_page(at):
    def checkpoint(stage):
        if stage == at:
            raise TaskStopped

    with pytest.raises(TaskStopped):
        read(FakeDocument(), FakeEngine(), checkpoint=checkpoint)


def test_a_stop_before_rendering_renders_nothing():
    document = FakeDocument()

    def checkpoint(stage):
        raise TaskStopped

    with pytest.raises(TaskStopped):
        read(document, FakeEngine(), checkpoint=checkpoint)
    assert document.rendered == []


def test_an_engine_that_cannot_be_had_fails_before_the_page_is_rendered():
    document = FakeDocument()

    with pytest.raises(AssertionError, match="the engine was asked for"):
        read(document)
    assert document.rendered == []


def test_a_blank_page_is_empty_without_the_engine_having_read():
    page = read(FakeDocument(), FakeEngine([recognized("x", 0, 0, 9)], prepared_by={"blank"}))

    assert page.state == "empty"
    assert page.reason == "The page is blank"


def test_the_engine_reads_a_blank_page_that_is_not_to_be_skipped():
    engine = FakeEngine([recognized("x", 0, 0, 9)], prepared_by={"blank"})

    assert read(FakeDocument(), engine, skip_blank=False).state == "recognized"


def test_a_page_that_was_read_turned_says_so():
    line = recognized("word", 0, 0, 200)
    upside_down = RecognizedLine(line.text, 0.9, np.roll(line.quad, 2, axis=0), line.words)

    page = read(FakeDocument(), FakeEngine([upside_down]))

    assert page.orientation == 180
    assert page.preparation == ("rotated",)
