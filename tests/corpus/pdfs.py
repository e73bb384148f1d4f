"""Good PDFs: boxes, turns and units, forms, encryption, object streams, many pages."""

from collections.abc import Iterator
from pathlib import Path

import pikepdf
from PIL import Image

from tests.conformance.fixtures import write_pdf
from tests.corpus.entry import NATIVE, READ, Entry, good, picture, words_for
from tests.scans import (
    A4_PT,
    content_pdf,
    encrypted_pdf,
    image_object,
    placed,
    scan_pdf,
    searchable_scan_pdf,
    shown_text,
    stream,
    text_image,
    text_pdf,
)

PASSWORD = "open sesame"


def pdfs(folder: Path) -> Iterator[Entry]:
    """Write the files and yield what is known of them."""
    yield from _texts(folder)
    yield from _boxes(folder)
    yield from _scans(folder)
    yield from _forms(folder)
    yield from _encrypted(folder)
    yield from _structures(folder)


def _native(name: str, words: tuple[str, ...] = (), n_pages: int = 1, **members: object) -> Entry:
    return Entry(name, (NATIVE,) * n_pages, format="pdf", words=words, **members)


def _texts(folder: Path) -> Iterator[Entry]:
    words = words_for(200)
    text_pdf(folder / "pdf-text.pdf", [[" ".join(words)]] * 3)
    yield _native("pdf-text.pdf", words, 3)
    text_pdf(folder / "pdf-60-pages.pdf", [[" ".join(words)]] * 60)
    yield _native("pdf-60-pages.pdf", words, 60)
    text_pdf(folder / "pdf-no-text.pdf", [[]])
    yield good("pdf-no-text.pdf", "pdf")
    path = text_pdf(folder / "pdf-between.pdf", [[" ".join(words)]])
    path.write_bytes(b"\r\n\r\n" + path.read_bytes() + b"\n<!-- served -->\n" + b"\0" * 5000)
    yield _native("pdf-between.pdf", words, warns=True)


def _boxes(folder: Path) -> Iterator[Entry]:
    words = words_for(210)
    text = [[" ".join(words)]]
    boxes = {
        "rotate-90": b"/Rotate 90",
        "rotate-180": b"/Rotate 180",
        "rotate-270": b"/Rotate 270",
        "rotate-odd": b"/Rotate 450",
        "crop-box": b"/CropBox [50 700 500 800]",
        "crop-box-turned": b"/CropBox [50 700 500 800] /Rotate 90",
        "crop-box-outside": b"/CropBox [-100 -100 5000 5000]",
        "user-unit": b"/UserUnit 2",
        "user-unit-turned": b"/UserUnit 2.5 /Rotate 270 /CropBox [50 700 500 800]",
        "user-unit-wrong": b"/UserUnit /None",
    }
    for kind, entries in boxes.items():
        name = f"pdf-{kind}.pdf"
        text_pdf(folder / name, text, page_entries=entries)
        yield _native(name, words)
    scan = text_image(words, size=(1240, 700), font_px=60)
    content_pdf(
        folder / "pdf-user-unit-scan.pdf",
        [placed("Im0", 0, 0, 297.5, 168)],
        size=(297.5, 168),
        images={"Im0": image_object(scan)},
        page_entries=b"/UserUnit 2",
    )
    yield good("pdf-user-unit-scan.pdf", "pdf", words)
    name = "pdf-user-unit-packed.pdf"
    _saved(text_pdf(folder / name, text, page_entries=b"/UserUnit 3"), pack=True)
    yield _native(name, words)
    text_pdf(folder / "pdf-poster.pdf", text, size=(14_400, 14_400), font_pt=100)
    yield _native("pdf-poster.pdf", words)


def _scans(folder: Path) -> Iterator[Entry]:
    words = words_for(220)
    scan_pdf(folder / "pdf-scan.pdf", [picture(words)] * 2, dpi=100)
    yield Entry("pdf-scan.pdf", (READ, READ), format="pdf", words=words)
    searchable_scan_pdf(folder / "pdf-searchable.pdf", ["Guessed words of another"])
    yield good("pdf-searchable.pdf", "pdf", ("GUESSED",))
    drawing = b"q 0 0 m 14000 14000 l S Q " * 50
    content_pdf(folder / "pdf-poster-drawing.pdf", [drawing], size=(14_400, 14_400))
    yield good("pdf-poster-drawing.pdf", "pdf")
    form = stream(
        placed("Im0", 0, 0, *A4_PT),
        b"/Type /XObject /Subtype /Form /BBox [0 0 2000 2000] /Matrix [0.5 0 0 0.5 0 0]"
        b" /Resources << /XObject << /Im0 5 0 R >> >>",
    )
    image = image_object(text_image(words, size=(620, 877)))
    content_pdf(
        folder / "pdf-scan-in-form.pdf",
        [b"q 2 0 0 2 0 0 cm /Fm0 Do Q"],
        images={"Fm0": form, "Im0": image},
    )
    yield good("pdf-scan-in-form.pdf", "pdf", words)


def _forms(folder: Path) -> Iterator[Entry]:
    words = words_for(230)
    appearance = stream(
        b"BT /F1 24 Tf 2 8 Td (%s) Tj ET" % words[0].encode(),
        b"/Type /XObject /Subtype /Form /BBox [0 0 200 30] /Resources << /Font << /F1 3 0 R >> >>",
    )
    field = (
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (%s)"
        b" /Rect [100 200 300 230] /F 4 /AP << /N 5 0 R >> /DA (/F1 12 Tf 0 g) >>"
        % words[0].encode()
    )
    acro_form = b"/AcroForm << /Fields [4 0 R] /DR << /Font << /F1 3 0 R >> >> %s >>"
    for kind, extra in {"form": b"", "xfa": b"/XFA 6 0 R"}.items():
        content_pdf(
            folder / f"pdf-{kind}.pdf",
            [shown_text(["A form with quite some words to fill in"])],
            others=[field, appearance, stream(b"<xdp/>")],
            page_entries=b"/Annots [4 0 R]",
            catalog_entries=acro_form % extra,
        )
        yield good(f"pdf-{kind}.pdf", "pdf", words[:1], warns=kind == "xfa")
    note = (
        b"<< /Type /Annot /Subtype /FreeText /Rect [100 200 300 230] /F 4 /Contents (%s)"
        b" /AP << /N 5 0 R >> /DA (/F1 12 Tf 0 g) >>" % words[0].encode()
    )
    content_pdf(
        folder / "pdf-note.pdf",
        [shown_text(["A text with quite some words and a note over it"])],
        others=[note, appearance],
        page_entries=b"/Annots [4 0 R]",
    )
    yield good("pdf-note.pdf", "pdf", words[:1])


def _encrypted(folder: Path) -> Iterator[Entry]:
    words = words_for(240)
    line = " ".join(words)
    encrypted_pdf(folder / "pdf-rc4.pdf", PASSWORD, [line])
    yield _native("pdf-rc4.pdf", words, password=PASSWORD)
    for revision in (3, 4, 6):
        name = f"pdf-encrypted-{revision}.pdf"
        path = text_pdf(folder / name, [[line]], page_entries=b"/UserUnit 2")
        newer = {"metadata": revision >= 4, "aes": revision >= 4}
        encryption = pikepdf.Encryption(user=PASSWORD, owner="owner", R=revision, **newer)
        _saved(path, encryption=encryption)
        yield _native(name, words, password=PASSWORD)
    path = text_pdf(folder / "pdf-owner-only.pdf", [[line]])
    _saved(path, encryption=pikepdf.Encryption(user="", owner="owner"), pack=True)
    yield _native("pdf-owner-only.pdf", words)
    name = "pdf-packed-password.pdf"
    path = text_pdf(folder / name, [[line]], page_entries=b"/UserUnit 2")
    _saved(path, encryption=pikepdf.Encryption(user=PASSWORD, owner="owner"), pack=True)
    yield _native(name, words, password=PASSWORD)
    for kind, password in {"required": None, "wrong": "mellon"}.items():
        name = f"pdf-password-{kind}.pdf"
        encrypted_pdf(folder / name, PASSWORD, [line])
        yield Entry(name, error=f"password_{kind}", password=password)


def _structures(folder: Path) -> Iterator[Entry]:
    words = words_for(250)
    line = " ".join(words)
    for kind, options in {
        "packed": {"pack": True},
        "linearized": {"linearize": True},
        "linearized-packed": {"linearize": True, "pack": True},
    }.items():
        name = f"pdf-{kind}.pdf"
        _saved(text_pdf(folder / name, [[line]] * 4), **options)
        yield _native(name, words, 4)
    path = text_pdf(folder / "pdf-updated.pdf", [[line]])
    start = len(path.read_bytes())
    with path.open("ab") as file:
        file.write(b"9 0 obj\n(an update)\nendobj\nxref\n9 1\n%010d 00000 n \n" % start)
        previous = path.read_bytes().rindex(b"xref\n0 ")
        file.write(b"trailer\n<< /Size 10 /Root 1 0 R /Prev %d >>\n" % previous)
        file.write(b"startxref\n%d\n%%%%EOF\n" % (start + len(b"9 0 obj\n(an update)\nendobj\n")))
    yield _native("pdf-updated.pdf", words)
    page_tree_pdf(folder / "pdf-tree-of-50-levels.pdf", line, 50)
    yield _native("pdf-tree-of-50-levels.pdf", words)
    loose = folder / "pdf-outline.pdf"
    outline = (
        b"/Outlines << /First << /Title (one) /Dest [99 0 R /Fit] >> /Count 1 >>"
        b" /Names << /Dests << /Kids [] >> >> /PageLabels << /Nums [] >>"
    )
    text_pdf(loose, [[line]])
    loose.write_bytes(_with_catalog(loose.read_bytes(), outline))
    yield _native("pdf-outline.pdf", words, warns=True)


def page_tree_pdf(path: Path, line: str, n_levels: int) -> Path:
    """Write a PDF of one page below so many nodes of the page tree."""
    content = 4 + n_levels
    objects = [
        b"<< /Type /Catalog /Pages 4 0 R >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        stream(shown_text([line]).replace(b"/F1", b"/F1")),
        *(
            b"<< /Type /Pages /Count 1 /Kids [%d 0 R] %s >>"
            % (number + 1, b"/Parent %d 0 R" % (number - 1) if number > 4 else b"")
            for number in range(4, content)
        ),
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents 3 0 R"
        b" /Resources << /Font << /F1 2 0 R >> >> >>" % (content - 1),
    ]
    return write_pdf(path, objects)


def _with_catalog(content: bytes, entries: bytes) -> bytes:
    """Return the file with more in its catalog, whose table of objects is then wrong."""
    return content.replace(b"/Type /Catalog", b"/Type /Catalog " + entries, 1)


def _saved(path: Path, *, pack: bool = False, **options: object) -> Path:
    """Save a PDF again as qpdf does; `pack` puts its objects into streams."""
    mode = pikepdf.ObjectStreamMode
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        pdf.save(
            path,
            object_stream_mode=mode.generate if pack else mode.disable,
            deterministic_id="encryption" not in options,
            **options,
        )
    return path


def white(size: tuple[int, int] = (100, 100)) -> Image.Image:
    """Return a white image."""
    return Image.new("L", size, 255)
