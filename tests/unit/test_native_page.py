"""Pages with text of their own: when they are kept, and what their pictures add."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from ocr_worker import wire
from ocr_worker.documents.base import PageImage
from ocr_worker.documents.text_layer import Picture, TextLayer
from ocr_worker.engines.base import RecognizedLine, RecognizedWord
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped
from ocr_worker.recognition import read_page

SOURCE = wire.Source(path="scan.pdf")
PICTURE = Picture((100.0, 300.0, 400.0, 500.0), 150.0)


@dataclass(eq=False)
class FakeDocument:
    """A page of 600 by 800 points, rendered at two pixels a point: dark cells on light ground."""

    layer: TextLayer
    paper: bool = True
    failure: TaskError | None = None
    rendered: list[wire.Region | None] = field(default_factory=list)

    def text_layer(self, page):
        return self.layer

    def render(self, page, *, dpi, region, scale):
        if self.failure is not None:
            raise self.failure
        self.rendered.append(region)
        part = region or wire.Region(x=0, y=0, width=600, height=800)
        pixels = np.full((int(2 * part.height), int(2 * part.width), 3), 250, dtype=np.uint8)
        if self.paper:
            pixels[100:120:2, 40:200:3] = 0
        return PageImage(pixels, 600, 800, part.x, part.y, 2.0, 2.0, 144.0)


@dataclass
class FakeEngine:
    lines: list[RecognizedLine] = field(default_factory=list)
    name: str = "fake"
    version: str = "1"
    prepared_by: frozenset = frozenset()
    n_calls: int = 0

    def recognize(self, pixels, reading, checkpoint):
        checkpoint("recognize")
        self.n_calls += 1
        return self.lines


def read_line(text, x, y, width, height=24.0, confidence=0.9):
    """A line of pixels whose words share it evenly."""

    def quad(left, right):
        corners = [[left, y], [right, y], [right, y + height], [left, y + height]]
        return np.array(corners, dtype=np.float32)

    texts = text.split()
    edges = np.linspace(x, x + width, len(texts) + 1)
    words = tuple(
        RecognizedWord(word, confidence, quad(edges[i] + 1, edges[i + 1] - 1))
        for i, word in enumerate(texts)
    )
    return RecognizedLine(text, confidence, quad(x, x + width), words)


def own_line(text, y, x=60.0):
    words = []
    for number, word in enumerate(text.split()):
        words.append(
            wire.Word(
                text=word,
                confidence=1.0,
                x=x + 60 * number,
                y=y,
                width=50.0,
                height=12.0,
                line=0,
                block=0,
            )
        )
    return wire.Line(
        text=text,
        confidence=1.0,
        x=x,
        y=y,
        width=60.0 * len(words) - 10,
        height=12.0,
        block=0,
        words=tuple(words),
    )


def layer(*lines, trust="trusted", pictures=(PICTURE,), hidden=()):
    reason = "the page has text of its own"
    return TextLayer(lines, trust, reason, (600.0, 800.0), pictures, hidden)


def read(document, engine_of, checkpoint=lambda stage: None, **options):
    task = wire.Recognize(
        task=1,
        source=SOURCE,
        limits=wire.Limits(),
        page=1,
        options=wire.RecognizeOptions(**options),
    )
    return read_page(document, task, engine_of, checkpoint)


ABOVE, BELOW = own_line("Above the picture", 250), own_line("Below the picture", 550)


def test_the_text_of_a_picture_comes_between_what_stands_above_and_below_it():
    engine = FakeEngine([read_line("In the picture", 40, 100, 200)])

    page = read(FakeDocument(layer(ABOVE, BELOW)), lambda name: engine)

    assert "native_text" == page.state
    assert ["Above the picture", "In the picture", "Below the picture"] == page.text.split("\n\n")
    assert [1.0, 0.9, 1.0] == [line.confidence for line in page.lines]
    assert 0.9 < page.confidence < 1
    assert "fake" == page.engine
    assert page.reason.endswith("1 picture on it was read by the engine")
    line = page.lines[1]
    assert (120.0, 350.0, 100.0, 12.0) == (line.x, line.y, line.width, line.height)
    assert [1, 1, 1] == [word.line for word in line.words]


def test_only_the_picture_is_rendered():
    document = FakeDocument(layer(ABOVE))

    read(document, lambda name: FakeEngine())

    assert [wire.Region(x=100, y=300, width=300, height=200)] == document.rendered


def test_text_that_the_page_has_over_a_picture_is_not_doubled():
    label = own_line("A label", 350, x=120)
    engine = FakeEngine(
        [read_line("A label", 40, 100, 220), read_line("A label drawn", 40, 100, 360)]
    )

    page = read(FakeDocument(layer(ABOVE, label)), lambda name: engine)

    assert ["Above the picture", "A label", "drawn"] == [line.text for line in page.lines]


def test_a_line_of_a_picture_is_marked_as_added_where_no_hidden_text_says_it():
    """A searchable PDF of that page gets it then."""
    hidden = own_line("An earlier run", 350, x=120)
    engine = FakeEngine(
        [read_line("An earlier run", 40, 100, 380), read_line("The other line", 40, 200, 380)]
    )

    page = read(FakeDocument(layer(ABOVE, hidden=(hidden,))), lambda name: engine)

    assert [("Above the picture", False), ("An earlier run", False), ("The other line", True)] == [
        (line.text, line.is_added) for line in page.lines
    ]


def test_a_picture_without_text_changes_nothing_about_a_page():
    engine = FakeEngine()

    page = read(FakeDocument(layer(ABOVE)), lambda name: engine)

    assert 1 == engine.n_calls
    assert ("Above the picture", None) == (page.text, page.engine)
    assert "the page has text of its own" == page.reason


def test_a_picture_that_is_on_every_page_is_read_once():
    engine = FakeEngine([read_line("In the picture", 40, 100, 200)])
    document = FakeDocument(layer(ABOVE))

    texts = [read(document, lambda name: engine).text for _ in range(3)]

    assert ["Above the picture\n\nIn the picture"] * 3 == texts
    assert 1 == engine.n_calls
    read(FakeDocument(layer(ABOVE)), lambda name: engine)
    read(document, lambda name: engine, languages=("de",))
    assert 3 == engine.n_calls


def test_no_engine_is_asked_about_a_picture_without_ink():
    def no_engine(name):
        raise AssertionError("the engine was asked for")

    assert "Above the picture" == read(FakeDocument(layer(ABOVE), paper=False), no_engine).text


def test_skip_text_leaves_pictures_alone():
    document = FakeDocument(layer(ABOVE))

    page = read(document, lambda name: FakeEngine([read_line("No", 40, 100, 50)]), mode="skip_text")

    assert "Above the picture" == page.text
    assert [] == document.rendered


def test_without_an_engine_a_page_keeps_its_text_and_says_what_is_missing():
    def missing(name):
        raise EngineUnavailable("Install it.")

    page = read(FakeDocument(layer(ABOVE)), missing)

    assert ("native_text", "Above the picture") == (page.state, page.text)
    assert ("1 picture on the page could not be read.",) == page.warnings


def test_a_damaged_picture_costs_its_own_text_only():
    failure = TaskError("document_unreadable", "The image on page 1 is damaged.")

    page = read(FakeDocument(layer(ABOVE), failure=failure), lambda name: FakeEngine())

    assert "Above the picture" == page.text
    assert 1 == len(page.warnings)


def test_a_stop_while_pictures_are_read_leaves_the_page():
    def stop(stage):
        raise TaskStopped

    with pytest.raises(TaskStopped):
        read(FakeDocument(layer(ABOVE)), lambda name: FakeEngine(), stop)


def test_of_pictures_what_lies_in_the_region_is_read():
    document = FakeDocument(layer(ABOVE))
    region = wire.Region(x=0, y=200, width=600, height=200)

    read(document, lambda name: FakeEngine(), region=region)

    assert [wire.Region(x=100, y=300, width=300, height=100)] == document.rendered


def test_a_doubtful_layer_that_disagrees_is_recognized_over_and_says_so():
    engine = FakeEngine([read_line("What is seen", 40, 100, 200)])
    document = FakeDocument(layer(own_line("What is said", 60), trust="doubtful", pictures=()))

    page = read(document, lambda name: engine)

    assert ("recognized", "What is seen") == (page.state, page.text)
    assert "% agree" in page.warnings[0]


def test_a_doubtful_layer_needs_an_engine():
    def missing(name):
        raise EngineUnavailable("Install it.")

    with pytest.raises(EngineUnavailable):
        read(FakeDocument(layer(ABOVE, trust="doubtful")), missing)
