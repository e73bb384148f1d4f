"""Where a picture may go, and how its file gets its name: on real folders."""

import base64
import os
import sys
from queue import SimpleQueue

import pytest

from daemon.files import FileSystem
from daemon.params import DocumentParams
from daemon.scratch import Scratch


@pytest.fixture
def files(tmp_path):
    """Make the port; its events come out of `events`."""
    made = []

    def make(*allow_dirs):
        inbox = SimpleQueue()
        port = FileSystem(allow_dirs, Scratch(tmp_path / "scratch", "0" * 32), inbox.put)
        port.events = lambda: inbox.get(timeout=10)
        made.append(port)
        return port

    yield make
    for port in made:
        port.close(5)


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "in" / "a.pdf"
    path.parent.mkdir()
    path.write_bytes(b"%PDF")
    return path


def check(port, document, output):
    port.check_picture(1, DocumentParams(path=str(document)), None if output is None else output)
    return port.events()


def test_a_picture_needs_the_scratch_folder_and_no_more(files, document):
    port = files()
    checked = check(port, document, None)

    assert (checked.token, checked.output, checked.output_failure) == (1, None, None)
    assert checked.documents[0].path == str(document)
    assert os.path.isdir(os.path.dirname(port.scratch_path("x")))


@pytest.mark.parametrize("is_there", [False, True])
def test_a_new_file_and_one_to_be_replaced_are_both_fine(files, document, tmp_path, is_there):
    output = tmp_path / "page.png"
    if is_there:
        output.write_text("old")
    checked = check(files(), document, str(output))

    assert (checked.output, checked.output_failure) == (str(output), None)
    assert output.exists() == is_there, "looking changes nothing"
    assert not [one for one in tmp_path.iterdir() if one.suffix == ".tmp"]


def test_a_copy_of_data_is_told_beside_an_output_that_is_wrong(files, tmp_path):
    data = base64.b64encode(b"%PDF").decode()
    port = files()
    port.check_picture(3, DocumentParams(data=data), str(tmp_path / "no" / "page.png"))
    checked = port.events()

    assert checked.documents[0].is_copy
    assert os.path.exists(checked.documents[0].path)
    assert checked.output_failure.kind.name == "output_failed"


def refused(checked, kind):
    assert checked.output is None
    assert checked.output_failure.kind.name == kind
    assert str(os.sep) not in checked.output_failure.message, "no path in an error"
    return checked.output_failure


def test_a_folder_that_is_not_there_is_not_made(files, document, tmp_path):
    refused(check(files(), document, str(tmp_path / "new" / "page.png")), "output_failed")

    assert not (tmp_path / "new").exists()


def test_a_folder_and_a_file_used_as_a_folder_are_no_output(files, document, tmp_path):
    refused(check(files(), document, str(tmp_path)), "output_failed")
    refused(check(files(), document, str(document / "page.png")), "output_failed")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a named pipe of POSIX")
def test_a_pipe_is_no_output(files, document, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    refused(check(files(), document, str(tmp_path / "pipe")), "output_failed")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write to every directory"
)
def test_a_folder_without_permission_is_refused(files, document, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)

    refused(check(files(), document, str(tmp_path / "closed" / "page.png")), "output_failed")


def test_the_document_itself_is_never_the_output_by_whatever_name(files, document, tmp_path):
    names = [document, document.parent / ".." / "in" / "a.pdf"]
    if sys.platform != "win32":
        (tmp_path / "link").symlink_to(document)
        os.link(document, tmp_path / "twin")
        names += [tmp_path / "link", tmp_path / "twin"]
    for name in names:
        failure = refused(check(files(), document, str(name)), "invalid_params")
        assert failure.data["path"] == "output"


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right there")
def test_an_output_lies_under_the_allowed_folders_also_through_a_link(files, document, tmp_path):
    allowed, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (allowed / "way_out").symlink_to(elsewhere)
    (allowed / "dangling.png").symlink_to(elsewhere / "new.png")
    port = files(allowed)
    for name in (elsewhere / "a.png", allowed / "way_out" / "a.png", allowed / "dangling.png"):
        refused(check(port, document, str(name)), "path_not_allowed")

    assert check(port, document, str(allowed / "a.png")).output_failure is None


@pytest.mark.skipif(sys.platform == "win32", reason="symbolic links need a right there")
def test_behind_a_link_the_file_that_it_means_is_written(files, document, tmp_path):
    (tmp_path / "real.png").write_text("old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")

    assert check(files(), document, str(tmp_path / "link.png")).output == str(tmp_path / "real.png")


@pytest.mark.parametrize("is_there", [False, True])
def test_a_file_takes_the_place_of_what_is_there_and_its_note_goes(files, tmp_path, is_there):
    temporary, target, note = (tmp_path / name for name in ("tmp", "page.png", "note"))
    temporary.write_text("new")
    note.write_text(str(temporary))
    if is_there:
        target.write_text("old")
    port = files()
    port.replace(9, str(temporary), str(target), str(note))
    replaced = port.events()

    assert (replaced.token, replaced.failure) == (9, None)
    assert target.read_text() == "new"
    assert not temporary.exists()
    assert not note.exists()


def test_a_file_that_cannot_be_named_is_removed_and_what_was_there_stays(files, tmp_path):
    temporary, target, note = (tmp_path / name for name in ("tmp", "folder", "note"))
    temporary.write_text("new")
    target.mkdir()
    note.write_text(str(temporary))
    port = files()
    port.replace(9, str(temporary), str(target), str(note))

    assert port.events().failure.kind.name == "output_failed"
    assert target.is_dir()
    assert not temporary.exists()
    assert not note.exists()
