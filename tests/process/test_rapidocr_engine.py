"""The real engine on small pages drawn here. Needs rapidocr and an inference runtime."""

import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.pages import LANGUAGES as PAGE_LANGUAGES
from benchmarks.pages import find_font
from ocr_worker.engines.base import Reading
from ocr_worker.engines.rapidocr import openvino_networks
from ocr_worker.engines.rapidocr.detector import Detector
from ocr_worker.engines.rapidocr.engine import RapidOcrEngine
from ocr_worker.engines.rapidocr.expected import Expected
from ocr_worker.engines.rapidocr.installation import RUNTIMES, find_installation
from ocr_worker.engines.rapidocr.networks import open_recognition
from ocr_worker.engines.rapidocr.openvino_networks import OpenVinoRecognition
from ocr_worker.engines.rapidocr.recognizer import Recognizer, few_classes
from ocr_worker.engines.rapidocr.rows import ROW_PX, SLOT_PX
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped
from ocr_worker.languages import LANGUAGES
from ocr_worker.layout import arrange
from tests.alphabets import BEYOND_ASCII

WHITE = (255, 255, 255)
LINES = ["The quick brown fox", "jumps over 1234567890", "a lazy dog again"]


def least_overlap(word):
    """Of its box and its letters: the first has a margin, which is much for a single letter."""
    return 0.5 if len(word) > 1 else 0.4


@pytest.fixture(scope="module")
def engine():
    return RapidOcrEngine()


def draw(lines, size=(700, 400), font_px=36):
    """Return an image and the box of every word, as high as its line, as it was drawn."""
    image = Image.new("RGB", size, WHITE)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(font_px)
    boxes = {}
    for number, text in enumerate(lines):
        x, y = 60.0, 40.0 + number * 2 * font_px
        for word in text.split():
            pen.text((x, y), word, fill=(0, 0, 0), font=font)
            left, _, right, _ = pen.textbbox((x, y), word, font=font)
            _, top, _, bottom = pen.textbbox((x, y), "Tg", font=font)
            boxes[word] = (left, top, right, bottom)
            x += pen.textlength(word + " ", font=font)
    return image, boxes


def read(engine, image, checkpoint=lambda stage: None):
    return engine.recognize(np.asarray(image), Reading(), checkpoint)


def text_of(lines):
    return [placed.line.text for placed in arrange(lines).lines]


def test_it_reads_what_was_drawn(engine):
    image, _ = draw(LINES)

    assert text_of(read(engine, image)) == LINES


class BlindDetection:
    """A network that finds nothing, and keeps the shape and each channel's largest value of what
    it is given."""

    def __init__(self):
        self.channels = None
        self.shapes = []

    def run(self, batch):
        self.shapes.append(batch.shape)
        self.channels = batch.max(axis=(0, 2, 3)).tolist()
        return np.zeros((1, 1, *batch.shape[2:]), dtype=np.float32)


class BlindRecognition:
    """Likewise one that reads nothing."""

    characters = ("x",)
    keeps_lines_apart = True

    def __init__(self):
        self.channels = None

    def run(self, row, slots):
        self.channels = row.max(axis=(0, 2, 3)).tolist()
        nothing = np.zeros((row.shape[3] // 8, 3), dtype=np.float32)
        return nothing, nothing

    def all_classes(self, features):
        return features


def test_both_models_see_the_channels_in_the_order_they_were_trained_on():
    """Blue first, from -1 to 1: a page of pure red is high in the last channel alone."""
    red = np.zeros((320, 320, 3), dtype=np.uint8)
    red[:, :300, 0] = 255
    line = np.array([[10, 10], [200, 10], [200, 40], [10, 40]], dtype=np.float32)
    seen_by_detector = BlindDetection()
    seen_by_recognizer = BlindRecognition()

    Detector(seen_by_detector).detect(red, lambda stage: None)
    Recognizer(seen_by_recognizer, Expected()).recognize(red, [line], lambda stage: None)

    assert seen_by_detector.channels == pytest.approx([-1, -1, 1])
    # The padding beside the line is grey, which is 0.
    assert seen_by_recognizer.channels[2] == pytest.approx(1)
    assert max(seen_by_recognizer.channels[:2]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("size", [(30, 500), (500, 30), (40, 40)])
def test_a_small_region_is_padded_rather_than_blown_up(size):
    """Letters that fill the network's input are not found: word F1 of single lines was 0.78."""
    network = BlindDetection()

    region = np.zeros((*size, 3), dtype=np.uint8)
    region[10:20, 10:20] = 255

    Detector(network).detect(region, lambda stage: None)

    assert max(network.shapes[0][2:]) < 4 * max(*size, 200)


def test_the_box_of_a_word_is_where_the_word_was_drawn(engine):
    image, drawn = draw(LINES)

    words = [word for line in read(engine, image) for word in line.words]

    assert sorted(drawn) == sorted(word.text for word in words)
    for word in words:
        assert overlap(bounds(word.quad), drawn[word.text]) > least_overlap(word.text), word.text


def test_the_box_of_a_word_follows_a_turned_page(engine):
    image, drawn = draw(LINES)
    turned = image.rotate(-4, Image.Resampling.BICUBIC, fillcolor=WHITE)

    lines = read(engine, turned)

    assert text_of(lines) == LINES
    assert arrange(lines).skew == pytest.approx(4, abs=0.7)
    for word in (word for line in lines for word in line.words):
        corners = unturned(word.quad, -4, image.size)
        assert overlap(bounds(corners), drawn[word.text]) > least_overlap(word.text), word.text


@pytest.mark.parametrize("transpose", [Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270])
def test_a_page_scanned_sideways_is_read(engine, transpose):
    image, _ = draw(LINES)

    assert text_of(read(engine, image.transpose(transpose))) == LINES


@pytest.mark.parametrize("quarter", [0, 1, 2, 3])
def test_a_page_is_read_whichever_way_up_it_lies(engine, quarter):
    """Turned counter-clockwise, so its text runs to the right, up, to the left and down."""
    image, _ = draw(LINES)
    turned = np.ascontiguousarray(np.rot90(np.asarray(image), quarter))

    layout = arrange(engine.recognize(turned, Reading(), lambda stage: None))

    assert [placed.line.text for placed in layout.lines] == LINES
    assert layout.orientation == 90 * quarter


def test_a_page_of_nothing_but_long_lines_is_read_whichever_way_up_it_lies(engine):
    long = [
        f"The quick brown fox jumps over the lazy dog and is {n} times as quick" for n in (2, 3)
    ]
    image, _ = draw(long, (1400, 300))
    upside_down = np.ascontiguousarray(np.asarray(image)[::-1, ::-1])

    layout = arrange(engine.recognize(upside_down, Reading(), lambda stage: None))

    assert [placed.line.text for placed in layout.lines] == long
    assert layout.orientation == 180


def test_what_was_loaded_ahead_is_not_loaded_for_a_page_of_long_lines(monkeypatch):
    fresh = RapidOcrEngine()
    fresh.load_ahead()
    monkeypatch.setattr(openvino_networks, "load_compiled", None)
    image, _ = draw(["The quick brown fox jumps over the lazy dog and is as quick"], (1400, 300))

    assert len(text_of(read(fresh, image))) == 1


def test_a_page_that_is_not_to_be_turned_is_read_as_it_lies(engine):
    image, _ = draw(LINES)
    upside_down = np.ascontiguousarray(np.asarray(image)[::-1, ::-1])

    lines = engine.recognize(upside_down, Reading(rotate=False), lambda stage: None)

    assert not set(text_of(lines)) & set(LINES)


def test_confidences_lie_between_a_half_and_one(engine):
    image, _ = draw(LINES)

    for line in read(engine, image):
        assert 0.5 <= line.confidence <= 1
        assert all(0 < word.confidence <= 1 for word in line.words)


def test_a_blank_page_has_no_lines(engine):
    assert read(engine, Image.new("RGB", (600, 800), WHITE)) == []


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2), (3000, 40)])
def test_an_image_of_an_odd_shape_is_survived(engine, size):
    assert read(engine, Image.new("RGB", size, WHITE)) == []


def test_a_strip_of_one_line_is_read(engine):
    image, _ = draw(["The quick brown fox jumps"], (600, 400), 36)

    strip = image.crop((50, 35, 550, 90))

    assert text_of(read(engine, strip)) == ["The quick brown fox jumps"]


def test_small_text_on_a_large_page_is_read_at_its_full_resolution(engine):
    """Detection sees the page small, and again larger where its lines are thin."""
    image = Image.new("RGB", (2480, 3508), WHITE)
    pen = ImageDraw.Draw(image)
    font = ImageFont.load_default(24)
    expected = [f"Line {n} of small print, total {n * 37}.50" for n in range(12)]
    for number, text in enumerate(expected):
        pen.text((200, 300 + 60 * number), text, (0, 0, 0), font)
    stages = []

    assert text_of(read(engine, image, stages.append)) == expected
    assert stages.count("detect") > 1


def test_the_small_print_of_a_poster_is_read(engine):
    """Beside headlines that fill it, and across the edges of the pieces that it is looked at in."""
    image = Image.new("RGB", (6000, 4500), WHITE)
    pen = ImageDraw.Draw(image)
    for number, text in enumerate(["GRAND", "OPENING"]):
        pen.text((400, 300 + 700 * number), text, (0, 0, 0), ImageFont.load_default(500))
    expected = [f"Terms and conditions number {n} apply from noon to midnight" for n in range(20)]
    for number, text in enumerate(expected):
        pen.text((1800, 2000 + 110 * number), text, (0, 0, 0), ImageFont.load_default(60))

    lines = text_of(read(engine, image))

    assert [line for line in lines if line in expected] == expected
    assert {"GRAND", "OPENING"} <= set(lines)


def test_chinese_is_read_among_lines_of_a_language_that_was_asked_for(engine):
    font = find_font(next(each for each in PAGE_LANGUAGES if each.code == "zh-Hans"), 40)
    if font is None:
        pytest.skip("no font with Chinese on this machine: install fonts-noto-cjk")
    image, _ = draw(LINES)
    chinese = "\N{CJK UNIFIED IDEOGRAPH-4EBA}\N{CJK UNIFIED IDEOGRAPH-6743}" * 3
    ImageDraw.Draw(image).text((60, 330), chinese, (0, 0, 0), font)

    assert text_of(read(engine, image)) == [*LINES, chinese]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_few_characters_are_told_as_all_of_them_would_be(runtime):
    if importlib.util.find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    network = recognition(runtime)
    image, _ = draw(LINES)
    line = np.asarray(image.crop((50, 40, 530, 88)), dtype=np.float32)
    row = np.ascontiguousarray(line.transpose(2, 0, 1)[np.newaxis]) / 127.5 - 1

    few, features = network.run(row, [0] * (row.shape[3] // SLOT_PX))
    of_all = network.all_classes(features)[..., few_classes(network.characters)]

    best = few.argmax(axis=-1)
    assert best.max() > 0
    assert (best == of_all.argmax(axis=-1)).all()
    assert few.max(axis=-1) == pytest.approx(of_all.max(axis=-1), abs=0.1)


def test_the_dotless_i_is_looked_for_where_a_language_has_it(engine):
    """The font has none, so the dots of others are painted over."""
    lines = ["sinir acisi azimiz", "sanatin arisi sisi"]
    image = Image.new("RGB", (700, 200), WHITE)
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(24)
    for number, text in enumerate(lines):
        y = 40 + 48 * number
        pen.text((60, y), text, fill=(0, 0, 0), font=font)
        top_of_small_letters = pen.textbbox((60, y), "x", font=font)[1]
        pen.rectangle((0, y - 4, 700, top_of_small_letters - 1), fill=WHITE)

    def read_as(*languages):
        return text_of(engine.recognize(np.asarray(image), Reading(languages), lambda stage: None))

    assert read_as("tr-TR", "en") == [text.replace("i", "\u0131") for text in lines]
    assert read_as("en") != read_as("tr")


def test_every_row_is_preceded_by_a_checkpoint(engine):
    image, _ = draw([f"line number {n}" for n in range(9)], (700, 760))
    stages = []

    lines = read(engine, image, stages.append)

    assert len(lines) == 9
    assert stages[0] == "detect"
    assert set(stages[1:]) == {"recognize"}
    assert 5 <= len(stages[1:]) <= 9


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_lines_of_every_length_are_read_by_every_runtime(runtime):
    """Some share a row, some are longer than one; a runtime may read each by itself."""
    if importlib.util.find_spec(runtime) is None:
        pytest.skip(f"{runtime} is not installed")
    recognizer = Recognizer(recognition(runtime), Expected())
    lines = ["seven", "short", "a line of some words", "a line that is longer than others " * 3]
    lines = [line.strip() for line in lines]
    image, _ = draw(lines, (2000, 400), 24)
    boxes = [
        np.array([[50, y], [1900, y], [1900, y + 36], [50, y + 36]], dtype=np.float32)
        for y in range(36, 200, 48)
    ]
    for box, line in zip(boxes, lines, strict=True):
        box[1:3, 0] = 70 + ImageFont.load_default(24).getlength(line)

    found = recognizer.recognize(np.asarray(image), boxes, lambda stage: None)

    assert sorted(line.text for line in found) == sorted(lines)


def test_most_lines_are_read_in_rows_of_one_width(engine, monkeypatch):
    """Each other width has to be compiled."""
    widths = []
    run = OpenVinoRecognition.run

    def noted(network, row, slots):
        widths.append(row.shape[3])
        return run(network, row, slots)

    monkeypatch.setattr(OpenVinoRecognition, "run", noted)
    image, _ = draw(["one two three four"[: 3 + 2 * n] for n in range(8)], (700, 700))

    assert len(read(engine, image)) == 8
    assert set(widths) == {ROW_PX}


@pytest.mark.parametrize("at", ["detect", "recognize"])
def test_a_stop_at_a_checkpoint_leaves_the_page(engine, at):
    image, _ = draw(LINES)

    def checkpoint(stage):
        if stage == at:
            raise TaskStopped

    with pytest.raises(TaskStopped):
        read(engine, image, checkpoint)
    assert text_of(read(engine, image)) == LINES


def test_a_page_the_runtime_refuses_fails_in_our_own_words(engine, monkeypatch):
    def refuse(_detector, _pixels, _checkpoint):
        raise RuntimeError("primitive_desc failed in /home/someone/build")

    monkeypatch.setattr(Detector, "detect", refuse)

    with pytest.raises(TaskError) as failure:
        read(engine, Image.new("RGB", (100, 100), WHITE))

    assert failure.value.kind == "recognition_failed"
    assert "someone" not in failure.value.message


def test_a_missing_model_makes_the_engine_unavailable(monkeypatch):
    monkeypatch.setattr(
        "ocr_worker.engines.rapidocr.installation.RECOGNITION_MODEL", "missing.onnx"
    )

    with pytest.raises(EngineUnavailable, match="pip install"):
        RapidOcrEngine()


def recognition(runtime):
    return open_recognition(find_installation().recognition_model, runtime, few_classes)


def test_the_model_knows_every_letter_of_the_languages_it_is_listed_for():
    installation = find_installation()
    known = set(recognition(installation.runtime).characters)
    listed = [
        language
        for language in LANGUAGES
        if language.script == "Latn" and "rapidocr" in language.engines
    ]
    ascii_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,;:!?-()'\"&%"

    for language in listed:
        letters = BEYOND_ASCII[language.code]
        wanted = {*ascii_letters, *letters, *letters.upper()}
        assert wanted <= known, (language.code, sorted(wanted - known))


def test_the_model_lacks_the_inverted_exclamation_mark():
    """A known gap: Spanish is listed in spite of it. When this fails, add it to the alphabet."""
    known = recognition(find_installation().runtime).characters

    assert "\N{INVERTED EXCLAMATION MARK}" not in known


def test_loading_opens_no_connection_and_imports_no_downloader(tmp_path):
    code = """
import json, sys
seen = []
sys.addaudithook(
    lambda event, args: seen.append(event)
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname") else None
)
from ocr_worker.engines import load_engine
from ocr_worker.engines.base import Reading
import numpy as np
engine = load_engine("rapidocr")
engine.recognize(np.full((200, 200, 3), 255, dtype=np.uint8), Reading(), lambda stage: None)
wanted = ("requests", "urllib3", "rapidocr.main", "openvino_telemetry")
print(json.dumps([seen, [name for name in wanted if sys.modules.get(name)]]))
"""
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment |= {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}

    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True
    )

    assert json.loads(result.stdout) == [[], []]
    assert list(tmp_path.iterdir()) == []


def bounds(quad):
    return (*quad.min(axis=0), *quad.max(axis=0))


def unturned(quad, degrees, size):
    """Turn corners back about the middle of an image that PIL has rotated by `degrees`."""
    angle = np.deg2rad(degrees)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.array(size) / 2
    return (quad - centre) @ rotation.T + centre


def overlap(first, second):
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0

    def area(box):
        return (box[2] - box[0]) * (box[3] - box[1])

    return width * height / (area(first) + area(second) - width * height)
