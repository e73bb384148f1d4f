"""What a host calls a document names its outputs, and leads nowhere else."""

import queue
from pathlib import Path

import pytest

from daemon.admission import judge, to_job
from daemon.clock import Moment
from daemon.config import Config
from daemon.errors import RpcError
from daemon.events import OutputsPublished
from daemon.files import FileSystem
from daemon.jobs import JobId
from daemon.params import DocumentParams, OcrOptions
from daemon.ports import Publication
from daemon.scratch import Scratch


def stem_of(name):
    document = DocumentParams(data="", name=name)
    options = OcrOptions(engine="null")
    submission = judge([document], "/out", None, options, is_batch=False, config=Config())
    return to_job(submission, JobId("a"), Moment(0.0, 0.0)).documents[0].stem


def publish(folder, stem):
    """Give one file its name, as the daemon does, and return the news of it."""
    posted = queue.SimpleQueue()
    files = FileSystem((), Scratch(folder / "scratch", "id"), posted.put)
    temporary = folder / "out" / "unfinished"
    temporary.parent.mkdir()
    temporary.write_text("text")
    note = str(folder / "note")
    out = str(temporary.parent)
    files.publish(1, Publication({"text": str(temporary)}, note, out, stem, False, ()))
    return posted.get(timeout=10)


@pytest.mark.parametrize(
    "name",
    ["a.png", "/", "//", "\\", "/\\/", "..", ".", "../..", "../../a.png", "/etc/passwd", "a/", "~"],
)
def test_outputs_are_in_the_folder_that_was_asked_for(tmp_path, name):
    news = publish(tmp_path, stem_of(name))

    assert isinstance(news, OutputsPublished)
    output = Path(news.outputs["text"])
    assert output.parent == tmp_path / "out"
    assert output.read_text() == "text"


def test_a_name_with_nul_is_refused():
    with pytest.raises(RpcError) as caught:
        stem_of("a\0b.png")
    assert caught.value.data["path"] == "document.name"


@pytest.mark.parametrize("stem", ["a" * 5000, "a\0b", "\ud800"])
def test_a_name_that_the_file_system_cannot_have_fails_its_document_only(tmp_path, stem):
    news = publish(tmp_path, stem)

    assert isinstance(news, OutputsPublished)
    assert news.failure.kind.name == "output_failed"
    assert list((tmp_path / "out").iterdir()) == []
