"""What a host is told of pages that carry text of their own, with the real engine behind it."""

from PIL import ImageFont

from tests.scans import (
    content_pdf,
    image_object,
    layered_scan_pdf,
    placed,
    shown_text,
    text_image,
    text_pdf,
    word_boxes,
)

TEXTS = ["The harbour master counts", "seven ships before noon", "and writes their names down"]
FONT_PX = 40


def layer(texts):
    """Boxes where `text_image` draws these lines."""
    font = ImageFont.load_default(FONT_PX)
    return word_boxes(
        [
            (text, (50, top, 50 + font.getlength(text), top + 1.2 * FONT_PX))
            for number, text in enumerate(texts)
            for top in (50 + number * FONT_PX * 1.5,)
        ]
    )


def test_a_host_is_told_which_text_was_kept_and_why(spawn_daemon, tmp_path):
    scan = text_image(TEXTS)
    picture = {"Im0": image_object(scan)}
    mixed = shown_text(["A letter with a picture of a letter"]) + placed("Im0", 72, 400, 400, 240)
    documents = [
        text_pdf(tmp_path / "born.pdf", [["A page that a program has made"]]),
        layered_scan_pdf(tmp_path / "right.pdf", scan, layer(TEXTS)),
        layered_scan_pdf(tmp_path / "wrong.pdf", scan, layer(TEXTS[::-1])),
        content_pdf(tmp_path / "mixed.pdf", [mixed], images=picture),
    ]
    client = spawn_daemon("--workers", "1")

    params = {"documents": [{"path": str(path)} for path in documents]}
    job_id = client.request("ocr/start_batch", params)["job_id"]
    *events, terminal = client.job_events(job_id, timeout_s=50)

    pages = {e.params["document"]: e.params for e in events if e.method == "job/page"}
    born, right, wrong, both = (pages[number] for number in range(4))
    assert {"native_text": 3, "recognized": 1}.items() <= terminal.params["pages"].items()
    assert "the page has text of its own" == born["reason"]
    assert "\n".join(TEXTS) == right["text"] == wrong["text"]
    assert "native_text" == right["state"]
    assert "engine" not in right
    assert "that were compared with what is seen" in right["reason"]
    assert ("recognized", "rapidocr") == (wrong["state"], wrong["engine"])
    assert wrong["warnings"][0].startswith("The page's own text was not used: ")
    assert ("native_text", "rapidocr") == (both["state"], both["engine"])
    assert "\n\n".join(["A letter with a picture of a letter", "\n".join(TEXTS)]) == both["text"]
    assert both["confidence"] < 1
