"""The pipeline without the daemon, which the benchmarks compare the daemon with."""

from benchmarks import bare_loop
from tests.scans import content_pdf


def test_bare_loops_read_every_page_once(tmp_path):
    said = [f"This is what the page of number {number} says" for number in range(20)]
    pages = [f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET".encode() for text in said]
    pdf = content_pdf(tmp_path / "born-digital.pdf", pages)

    _, texts = bare_loop.read(pdf, n_pages=20, n_processes=2, engine="null")

    assert [text.strip() for text in texts] == said
