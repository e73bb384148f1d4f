"""Pages that would draw for ever are refused before they begin, and cost nothing else."""

import pytest

from tests.scans import content_pdf, shown_text, stream

N_LEVELS, N_EACH = 9, 10
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 600 900]"


@pytest.mark.guarantee("G-8")
def test_forms_that_draw_each_other_ten_times_over_are_refused(spawn_daemon, tmp_path):
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

    job_id = client.start([str(path)], options={"engine": "null"})
    *_, end = client.job_events(job_id, timeout_s=30)

    assert end.params["state"] == "partial"
    assert end.params["failed_pages"] == [
        {"document": 0, "page": 1, "kind": "limit_exceeded", "attempts": 1}
    ]
    assert end.params["pages"]["native_text"] == 1
