"""Pages as a worker keeps them, made in code, and what a renderer makes of them."""

from ocr_worker import wire


def word(text, x, y, width, height, confidence=0.9):
    return wire.Word(
        text=text,
        confidence=confidence,
        x=x,
        y=y,
        width=width,
        height=height,
        line=0,
        block=0,
    )


def line(text, x, y, width=200.0, height=12.0, block=0, words=None, **more):
    """Return a line; unless words are given, those of its text, spread evenly over its box."""
    if words is None:
        texts = text.split()
        step = width / max(len(texts), 1)
        words = [
            word(each, x + index * step, y, step * 0.9, height) for index, each in enumerate(texts)
        ]
    more = {"confidence": 0.9, **more}
    return wire.Line(
        text=text, x=x, y=y, width=width, height=height, block=block, words=tuple(words), **more
    )


def page(*lines, number=1, **more):
    more = {
        "state": "recognized" if lines else "empty",
        "width_pt": 595.0,
        "height_pt": 842.0,
        "confidence": 0.9 if lines else None,
        "dpi": 200.0,
        **more,
    }
    text = more.pop("text", "\n".join(each.text for each in lines))
    return wire.Page(page=number, text=text, lines=tuple(lines), **more)


def rendered(renderer, *pages, file="scan.pdf", **more):
    """Return the file that a renderer makes of pages, as bytes."""
    task = wire.Assemble(
        task=1,
        source=wire.Source(path="/scans/scan.pdf"),
        limits=wire.Limits(),
        file=file,
        page_count=9,
        outputs={},
        pages=tuple(f"page-{each.page}" for each in pages),
        engine="rapidocr",
        version="1.2.3",
        **more,
    )
    return b"".join(renderer.render(task, pages))
