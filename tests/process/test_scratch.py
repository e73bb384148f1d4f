"""The scratch folder, and what is known of its owner by a lock."""

import os
import subprocess
import sys

from daemon.scratch import Scratch

WAIT_S = 10
MAKE = """
import sys
from pathlib import Path
from daemon.scratch import Scratch
scratch = Scratch(Path(sys.argv[1]), sys.argv[2])
scratch.make()
(scratch.path / "page").write_text("x")
"""


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def leave_behind(root, instance_id):
    """Have a process make a folder, and end without a word."""
    command = [sys.executable, "-c", MAKE + "import os; os._exit(9)", str(root), instance_id]
    assert subprocess.run(command, timeout=WAIT_S).returncode == 9


def test_a_folder_is_made_when_it_is_needed_and_readable_by_its_owner_only(tmp_path):
    scratch = Scratch(tmp_path / "root", "a" * 32)
    assert names_in(tmp_path) == []
    scratch.make()
    scratch.make()

    assert scratch.path.stat().st_mode & 0o077 == 0 or sys.platform == "win32"
    scratch.remove()
    assert names_in(tmp_path / "root") == []


def test_what_a_dead_owner_has_left_is_swept_and_what_a_living_one_has_is_not(tmp_path):
    leave_behind(tmp_path, "a" * 32)
    living = Scratch(tmp_path, "b" * 32)
    living.make()
    before = names_in(tmp_path)
    Scratch(tmp_path, "c" * 32).sweep()

    assert len(before) == 4
    assert names_in(tmp_path) == [living.path.name, f"{living.path.name}.lock"]
    living.remove()


def test_a_daemon_does_not_sweep_what_is_its_own(tmp_path):
    scratch = Scratch(tmp_path, "a" * 32)
    scratch.make()
    scratch.sweep()

    assert scratch.path.exists()
    scratch.remove()


def test_files_of_others_in_the_same_folder_are_left_alone(tmp_path):
    for name in ("yarn", "ocr-sidecar-notes", "a" * 32):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.lock").touch()
    before = names_in(tmp_path)
    Scratch(tmp_path, "b" * 32).sweep()

    assert names_in(tmp_path) == before


def test_no_folder_is_made_to_be_swept(tmp_path):
    Scratch(tmp_path / "root", "a" * 32).sweep()

    assert os.listdir(tmp_path) == []
