"""Pages that draw for ever cost their time, twice at most, and nothing else."""

import pytest

from tests.scans import content_pdf, shown_text, stream

N_LEVELS, N_EACH = 9, 10
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 600 900]"


@pytest.mark.guarantee("G-8")
def test_forms_that_draw_each_other_ten_times_over_end_their_page_by_a_timeout(
    spawn_daemon, tmp_path
):
    """A milliard of rectangles in two kilobytes, no form of which draws itself."""
    forms = {
        f"Fm{level}": stream(
            b"/Next Do " * N_EACH if level < N_LEVELS - 1 else b"0 0 9 9 re f",
            FORM + b" /Resources << /XObject << /Next %d 0 R >> >>" % (5 + level),
        )
        for level in range(N_LEVELS)
    }
    path = tmp_path / "forms.pdf"
    content_pdf(path, [b"/Fm0 Do", shown_text(["The quick brown fox jumps"])], images=forms)
    client = spawn_daemon("--workers", "1")

    options = {"engine": "null", "page_timeout_s": 1}
    *_, end = client.job_events(client.start([str(path)], options=options), timeout_s=30)

    assert end.params["state"] == "partial"
    assert end.params["failed_pages"] == [
        {"document": 0, "page": 1, "kind": "timeout", "attempts": 2}
    ]
    assert end.params["pages"]["native_text"] == 1
