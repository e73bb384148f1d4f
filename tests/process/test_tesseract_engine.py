"""The real Tesseract on small pages drawn here. Needs tesserocr, its data, and a font.

What is missing skips the tests that need it, and pytest tells which. `.ci/run` installs all of it,
and sets OCR_SIDECAR_REQUIRE_TESSERACT, with which they fail instead.
"""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from daemon.client import RequestError
from ocr_worker import tessdata
from ocr_worker.engines.base import Reading
from ocr_worker.engines.tesseract import engine as engine_module
from ocr_worker.engines.tesseract import library
from ocr_worker.engines.tesseract.engine import TesseractEngine
from ocr_worker.errors import TaskError, TaskStopped
from ocr_worker.languages import LANGUAGES, resolve
from ocr_worker.layout import arrange

FONT = "DejaVuSans.ttf"
"""Has Latin, Cyrillic, Greek, Arabic and Hebrew letters."""
CJK_FONT = "NotoSansCJK-Regular.ttc"
EAST_ASIAN = {
    "ko": "모든 인간은 태어날 때부터 자유로우며 1999년 서울에서",
    "ja": "東京は日本の首都であり、1999年に図書館が",
}
LINES = {
    "en": ["The quick brown fox", "jumps over 1234567890", "a lazy dog again"],
    "de": ["Zwölf Boxkämpfer jagen", "Viktor quer über den", "großen Sylter Deich"],
    "ru": ["Съешь ещё этих мягких", "французских булок, да", "выпей чаю летом 1999 года"],
    "ar": ["المكتبة العامة في المدينة", "كتاب التاريخ القديم", "صدر عام 1999 في القاهرة"],
    "he": ["שלום לכולם וברוכים הבאים", "העברית ותולדותיה הארוכות", "יצא לאור בשנת 1999 בירושלים"],
}
RIGHT_TO_LEFT = ("ar", "he")


@pytest.fixture(scope="module", autouse=True)
def package():
    """Every test needs the package."""
    if find_spec("tesserocr") is None:
        do_without("tesserocr is not installed: pip install '.[tesseract]'")


def do_without(reason):
    if os.environ.get("OCR_SIDECAR_REQUIRE_TESSERACT"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def engine(package):
    return TesseractEngine()


def need(*codes):
    """Skip a test whose languages have no data here, or for which no font is there."""
    installed = tessdata.names_in(tessdata.find_folder())
    for code in codes:
        name = resolve(code).tesseract
        if name not in installed:
            do_without(f"the data {name} is not installed: {tessdata.how_to_install(name)}")
    if set(codes) & set(RIGHT_TO_LEFT) and not features.check("raqm"):
        do_without("Pillow cannot shape right-to-left text here: apt install libfribidi0")
    try:
        ImageFont.truetype(FONT, 36)
    except OSError:
        do_without(f"the font {FONT} is not installed: apt install fonts-dejavu-core")


def draw(code, size=(900, 340), font_px=36):
    """Return an image of a language's lines, and each line's words with the boxes of their ink."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    font = ImageFont.truetype(FONT, font_px)
    is_leftwards = code in RIGHT_TO_LEFT
    drawn = []
    for number, text in enumerate(LINES[code]):
        x, y = float(size[0] - 60 if is_leftwards else 60), 40.0 + number * 2 * font_px
        drawn.append([])
        for word in text.split():
            width = pen.textlength(word, font=font)
            x -= width if is_leftwards else 0
            pen.text((x, y), word, fill="black", font=font)
            drawn[-1].append((word, pen.textbbox((x, y), word, font=font)))
            space = pen.textlength(" ", font=font)
            x += -space if is_leftwards else width + space
    return image, drawn


def read(engine, image, *codes, rotate=False, checkpoint=lambda stage: None):
    return engine.recognize(np.asarray(image), Reading(codes or ("en",), rotate), checkpoint)


def in_order(lines):
    return [placed.line for placed in arrange(lines).lines]


def overlap(first, second):
    """Intersection over union of two boxes (left, top, right, bottom)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return width * height / (sum(areas) - width * height)


@pytest.mark.parametrize("code", LINES)
def test_it_reads_what_was_drawn_in_logical_order_with_boxes_on_the_ink(engine, code):
    need(code)
    image, drawn = draw(code)

    lines = in_order(read(engine, image, code))

    assert [line.text for line in lines] == LINES[code]
    assert [[word.text for word in line.words] for line in lines] == [
        [word for word, _ in line] for line in drawn
    ]
    for line, inked in zip(lines, drawn, strict=True):
        assert 0.5 <= line.confidence <= 1
        for word, (_, box) in zip(line.words, inked, strict=True):
            # Tesseract's boxes may be off by a part of a letter.
            assert overlap((*word.quad.min(axis=0), *word.quad.max(axis=0)), box) > 0.5, word.text
            assert 0 < word.confidence <= 1


@pytest.mark.parametrize("code", EAST_ASIAN)
@pytest.mark.parametrize("font_px", [22, 36])
def test_words_of_east_asian_scripts_end_where_they_do_for_the_other_engine(engine, code, font_px):
    """Tesseract's own would end after every other syllable."""
    need(code)
    text = EAST_ASIAN[code]
    try:
        font = ImageFont.truetype(CJK_FONT, font_px)
    except OSError:
        do_without(f"the font {CJK_FONT} is not installed: apt install fonts-noto-cjk")
    image = Image.new("RGB", (40 * font_px, 4 * font_px), "white")
    ImageDraw.Draw(image).text((60, font_px), text, fill="black", font=font)

    (line,) = read(engine, image, code)

    assert line.text == text
    if code == "ko":
        assert [word.text for word in line.words] == text.split()
    else:
        assert [word.text for word in line.words] == re.findall("[0-9]+|.", text)
    lefts = [float(word.quad[0, 0]) for word in line.words]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
@pytest.mark.parametrize("code", LINES)
def test_a_page_is_read_whichever_way_up_it_lies(engine, code, quarters):
    need(code)
    image, drawn = draw(code)
    lying = image.rotate(-90 * quarters, expand=True)

    lines = read(engine, lying, code, rotate=True)

    layout = arrange(lines)
    assert [placed.line.text for placed in layout.lines] == LINES[code]
    assert layout.orientation == -90 * quarters % 360
    for placed, inked in zip(layout.lines, drawn, strict=True):
        for word, (_, (left, top, right, bottom)) in zip(placed.line.words, inked, strict=True):
            # The corners of the text itself, clockwise from its own top left.
            corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
            assert np.abs(word.quad - turned(corners, quarters)).max() < 18, word.text


def turned(corners, quarters, size=(900, 340)):
    """Return where corners come to lie once an image of this size is turned clockwise."""
    corners, (width, height) = np.array(corners, dtype=float), size
    for _ in range(quarters):
        corners = np.stack([height - corners[:, 1], corners[:, 0]], axis=1)
        width, height = height, width
    return corners


def test_an_upright_page_is_read_once(engine):
    need("en")
    stages = []

    read(engine, draw("en")[0], rotate=True, checkpoint=stages.append)

    assert stages == ["detect", "recognize"]


def test_a_slanted_page_has_slanted_boxes(engine):
    need("en")
    image = draw("en")[0].rotate(-3, Image.Resampling.BICUBIC, fillcolor="white")

    lines = read(engine, image)

    assert [line.text for line in in_order(lines)] == LINES["en"]
    assert arrange(lines).skew == pytest.approx(3, abs=0.4)


def test_languages_can_be_mixed(engine):
    need("en", "ru")
    image = Image.new("RGB", (900, 680), "white")
    image.paste(draw("en")[0], (0, 0))
    image.paste(draw("ru")[0], (0, 340))

    lines = in_order(read(engine, image, "en", "ru"))

    assert [line.text for line in lines] == LINES["en"] + LINES["ru"]


def test_a_strip_of_one_line_is_read(engine):
    need("en")
    image, _ = draw("en")

    assert [line.text for line in read(engine, image.crop((50, 35, 600, 90)))] == LINES["en"][:1]


@pytest.mark.parametrize("rotate", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (2, 900), (900, 2), (3000, 40), (600, 800)])
def test_a_blank_image_of_any_shape_has_no_lines(engine, size, rotate):
    need("en")

    assert read(engine, Image.new("RGB", size, "white"), rotate=rotate) == []


@pytest.mark.parametrize("at", ["detect", "recognize"])
def test_a_stop_at_a_checkpoint_leaves_the_page(engine, at):
    need("en")
    image, _ = draw("en")

    def checkpoint(stage):
        if stage == at:
            raise TaskStopped

    with pytest.raises(TaskStopped):
        read(engine, image, checkpoint=checkpoint)
    assert [line.text for line in in_order(read(engine, image))] == LINES["en"]


def test_a_page_that_the_library_refuses_fails_in_our_own_words(engine, monkeypatch):
    need("en")

    def refuse(_reader):
        raise RuntimeError("no text in /home/someone")

    monkeypatch.setattr(library.Reader, "read", refuse)
    with pytest.raises(TaskError) as failure:
        read(engine, draw("en")[0])

    assert failure.value.kind == "recognition_failed"
    assert "someone" not in failure.value.message


def test_only_a_few_sets_of_languages_stay_loaded(monkeypatch):
    need("en", "de", "ru")
    monkeypatch.setattr(engine_module, "MAX_READERS", 2)
    engine = TesseractEngine()
    blank = Image.new("RGB", (100, 100), "white")

    for code in ("en", "de", "en", "ru", "en"):
        read(engine, blank, code)

    assert [names for _, names in engine._readers] == [("rus",), ("eng",)]


def test_a_language_without_data_says_what_to_install_and_is_read_once_it_is_there(
    engine, monkeypatch, tmp_path
):
    need("en", "de")
    folder = tessdata.find_folder()
    (tmp_path / "eng.traineddata").symlink_to(folder / "eng.traineddata")
    monkeypatch.setenv(tessdata.VARIABLE, str(tmp_path))

    with pytest.raises(TaskError) as failure:
        read(engine, draw("de")[0], "de")
    assert failure.value.kind == "language_unavailable"
    assert "deu.traineddata" in failure.value.message
    assert failure.value.data == {"language": "de", "engine": "tesseract"}

    (tmp_path / "deu.traineddata").symlink_to(folder / "deu.traineddata")
    assert [line.text for line in in_order(read(engine, draw("de")[0], "de"))] == LINES["de"]


def test_damaged_data_is_no_language(engine, monkeypatch, tmp_path):
    (tmp_path / "eng.traineddata").write_bytes(b"not data")
    monkeypatch.setenv(tessdata.VARIABLE, str(tmp_path))

    with pytest.raises(TaskError) as failure:
        read(engine, Image.new("RGB", (100, 100), "white"))

    assert failure.value.kind == "language_unavailable"


def test_loading_opens_no_connection_and_leaves_no_file(tmp_path):
    need("en")
    code = """
import json, os, sys
seen = []
sys.addaudithook(
    lambda event, args: seen.append(event)
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname") else None
)
from ocr_worker.engines import load_engine
from ocr_worker.engines.base import Reading
import numpy as np
engine = load_engine("tesseract")
engine.recognize(np.full((200, 200, 3), 255, dtype=np.uint8), Reading(), lambda stage: None)
print(json.dumps([seen, os.environ["OMP_THREAD_LIMIT"], len(os.listdir("/proc/self/task"))
    if sys.platform == "linux" else 1]))
"""
    environment = {**os.environ, "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    environment |= {"OPENBLAS_NUM_THREADS": "1"}

    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True
    )

    assert json.loads(done.stdout) == [[], "1", 1]
    assert list(tmp_path.iterdir()) == []


# The engine behind the daemon.


def start(client, path, **options):
    params = {"document": {"path": str(path)}, "options": options}
    return client.request("ocr/start", params)["job_id"]


def ended(client, job_id):
    return list(client.job_events(job_id, timeout_s=30))


@pytest.fixture
def russian_page(tmp_path):
    need("ru")
    path = tmp_path / "page.png"
    draw("ru")[0].save(path, dpi=(200, 200))
    return path


def test_a_page_goes_to_the_engine_that_reads_its_language(spawn_daemon, russian_page):
    client = spawn_daemon("--workers", "1")

    events = ended(client, start(client, russian_page, languages=["en", "ru"]))

    (page,) = [event.params for event in events if event.method == "job/page"]
    assert (page["state"], page["engine"]) == ("recognized", "tesseract")
    assert page["text"].split("\n\n")[0].splitlines()[0] == LINES["ru"][0]


def test_languages_are_those_whose_data_is_installed(spawn_daemon, tmp_path):
    need("en", "ru")
    data = tmp_path / "data"
    data.mkdir()
    (data / "rus.traineddata").symlink_to(tessdata.find_folder() / "rus.traineddata")
    client = spawn_daemon("--workers", "1", "--tessdata-dir", "data")

    engines = {engine["name"]: engine for engine in client.request("engine/list")["engines"]}
    every = {one["code"]: one for one in client.request("language/list")["languages"]}
    read_by_tesseract = client.request("language/list", {"engine": "tesseract"})["languages"]

    assert engines["tesseract"]["available"]
    assert engines["tesseract"]["languages"] == ["ru"]
    assert every.keys() == {language.code for language in LANGUAGES}
    assert every["ru"]["engines"] == ["tesseract"]
    assert every["en"]["engines"] == ["rapidocr"]
    assert every["el"]["engines"] == []
    assert read_by_tesseract == [every["ru"]]


@pytest.mark.parametrize(
    ("options", "named"),
    [({"languages": ["ru"]}, "rus"), ({"languages": ["en"], "engine": "tesseract"}, "eng")],
)
def test_a_job_whose_data_is_missing_ends_with_what_to_install(
    spawn_daemon, tmp_path, options, named
):
    path = tmp_path / "page.png"
    Image.new("RGB", (400, 400), "white").save(path)
    (tmp_path / "no data").mkdir()
    client = spawn_daemon("--workers", "1", env={tessdata.VARIABLE: str(tmp_path / "no data")})

    last = ended(client, start(client, path, skip_blank=False, mode="force", **options))[-1]

    assert (last.method, last.params["error"]["code"]) == ("job/error", 1031)
    assert f"{named}.traineddata" in last.params["error"]["message"]
    assert last.params["error"]["data"]["engine"] == "tesseract"


def test_languages_that_no_one_engine_reads_are_refused_at_once(spawn_daemon, tmp_path):
    path = tmp_path / "page.png"
    Image.new("RGB", (400, 400), "white").save(path)
    client = spawn_daemon("--workers", "1")

    with pytest.raises(RequestError) as refusal:
        start(client, path, languages=["rm", "ru"])

    assert (refusal.value.kind, refusal.value.data["language"]) == ("language_unavailable", "ru")
