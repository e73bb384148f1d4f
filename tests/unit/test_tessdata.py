"""Where language data is looked for, in folders made here with names and nothing in them."""

import sys
from pathlib import Path

import pytest

from ocr_worker import tessdata
from ocr_worker.languages import LANGUAGES


@pytest.fixture(autouse=True)
def bare_machine(tmp_path, monkeypatch):
    """A machine without any data: the usual places lie in a folder of the test's own."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "app" / "ocr-sidecar-worker"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(tessdata, "_DEBIAN", str(tmp_path / "debian"))
    for places in ("_LINUX", "_MACOS"):
        monkeypatch.setattr(tessdata, places, (str(tmp_path / places / "tessdata"),))


def data(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / f"{name}.traineddata").touch()
    return folder


def test_a_machine_without_data_has_no_folder(tmp_path):
    assert tessdata.find_folder({}) is None
    assert tessdata.find_folder({tessdata.VARIABLE: str(tmp_path / "no such")}) is None


def test_names_are_those_of_the_files_that_hold_data(tmp_path):
    folder = data(tmp_path / "tessdata", "eng", "chi_sim", "osd")
    (folder / "configs").mkdir()
    (folder / "pdf.ttf").touch()

    assert tessdata.names_in(folder) == {"eng", "chi_sim", "osd"}
    assert tessdata.names_in(tmp_path / "no such") == frozenset()
    assert tessdata.names_in(folder / "pdf.ttf") == frozenset()
    assert tessdata.names_in(None) == frozenset()


def test_a_place_that_comes_first_wins(tmp_path):
    """Each place is filled from the last to the first, and is the one that is found then."""
    environment = {}

    def found():
        return tessdata.find_folder(environment)

    for folder in (
        tmp_path / "_LINUX" / "tessdata",
        tmp_path / "debian" / "4.00" / "tessdata",
        tmp_path / "debian" / "5" / "tessdata",
        tmp_path / "debian" / "10" / "tessdata",
        tmp_path / "environment" / "share" / "tessdata",
        tmp_path / "app" / "tessdata",
    ):
        data(folder, "eng")
        assert found() == folder
    environment[tessdata.TESSERACTS_VARIABLE] = str(data(tmp_path / "prefix", "eng"))
    assert found() == tmp_path / "prefix"
    environment[tessdata.VARIABLE] = str(data(tmp_path / "named", "eng"))
    assert found() == tmp_path / "named"


def test_a_usual_place_without_data_is_passed_over(tmp_path):
    (tmp_path / "app" / "tessdata").mkdir(parents=True)
    system = data(tmp_path / "_LINUX" / "tessdata", "eng")

    assert tessdata.find_folder({}) == system


@pytest.mark.parametrize("variable", [tessdata.VARIABLE, tessdata.TESSERACTS_VARIABLE])
def test_a_folder_that_is_named_is_the_only_one_that_counts(tmp_path, variable):
    data(tmp_path / "app" / "tessdata", "eng")

    assert tessdata.find_folder({variable: str(tmp_path / "empty")}) is None


def test_tesseracts_own_variable_may_name_the_folder_above(tmp_path):
    folder = data(tmp_path / "share" / "tessdata", "eng")

    assert tessdata.find_folder({tessdata.TESSERACTS_VARIABLE: str(tmp_path / "share")}) == folder


def test_on_macos_the_places_of_package_managers_are_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    data(tmp_path / "_LINUX" / "tessdata", "eng")
    folder = data(tmp_path / "_MACOS" / "tessdata", "eng")

    assert tessdata.find_folder({}) == folder


@pytest.mark.parametrize("below", ["Tesseract-OCR", "Programs/Tesseract-OCR"])
def test_on_windows_the_folders_of_the_installer_are_looked_at(tmp_path, monkeypatch, below):
    monkeypatch.setattr(sys, "platform", "win32")
    folder = data(tmp_path / "local" / below / "tessdata", "eng")
    environment = {
        "ProgramFiles": str(tmp_path / "no such"),
        "LOCALAPPDATA": str(tmp_path / "local"),
    }

    assert tessdata.find_folder(environment) == folder


@pytest.mark.parametrize(
    ("platform", "name", "hints"),
    [
        ("linux", "rus", ["apt install tesseract-ocr-rus", "rus.traineddata", "--tessdata-dir"]),
        ("linux", "chi_sim", ["apt install tesseract-ocr-chi-sim", "chi_sim.traineddata"]),
        ("darwin", "rus", ["brew install tesseract-lang", "rus.traineddata"]),
        ("win32", "rus", ["rus.traineddata", "folder tessdata", "--tessdata-dir"]),
    ],
)
def test_it_says_what_to_install(platform, name, hints):
    text = tessdata.how_to_install(name, platform)

    assert all(hint in text for hint in hints), text


def test_the_hint_is_that_of_this_system_for_every_language():
    for language in LANGUAGES:
        if language.tesseract:
            assert f"{language.tesseract}.traineddata" in tessdata.how_to_install(
                language.tesseract
            )
