"""Damaged files by the hundred: each ends with what is known of errors, and the daemon goes on."""

import pytest

from daemon.errors import ERROR_KINDS
from tests.corpus import build
from tests.corpus.mutations import mutations
from tests.e2e.test_corpus import READING, TALKS

N_FILES = 220
SEED = 1
OF_FILES = {
    "document_unreadable",
    "unsupported_format",
    "limit_exceeded",
    "password_required",
    "password_wrong",
    "timeout",
    "worker_crashed",
}
"""What may be wrong with a file; nothing of it is a bug of ours."""


@pytest.mark.guarantee("G-8")
@pytest.mark.timeout(240)
def test_damage_of_every_kind_costs_typed_errors_and_no_daemon(spawn_daemon, tmp_path):
    (tmp_path / "corpus").mkdir()
    entries = build(tmp_path / "corpus")
    files = []
    for name, content in mutations(tmp_path / "corpus", entries, N_FILES, SEED):
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    client = spawn_daemon("--workers", "2", "--page-timeout-s", "10", env=TALKS)

    documents = [{"path": str(path), "password": "open sesame"} for path in files]
    *events, end = client.job_events(client.start(documents, options=READING), timeout_s=60)

    pages = [event.params for event in events if event.method == "job/page"]
    assert sum(end.params["pages"].values()) == len(pages)
    ended = [each["document"] for each in end.params["successful"] + end.params["failed"]]
    assert sorted(ended) == list(range(len(files)))
    kinds = {page["error"]["data"]["kind"] for page in pages if page["state"] == "failed"}
    kinds |= {each["kind"] for each in end.params["failed"]}
    assert kinds <= OF_FILES <= set(ERROR_KINDS)
    metrics = client.request("metrics/get")
    lost = metrics["errors"].get("worker_crashed", 0) + metrics["errors"].get("timeout", 0)
    assert sum(metrics["restarts"].values()) == 0 or lost > 0
    assert client.request("ping") == {}
