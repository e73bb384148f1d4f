"""Holds docs/tauri.md to the errors, the tests and the files that it names."""

import re
from pathlib import Path

from daemon.errors import ERROR_KINDS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tauri.md").read_text(encoding="utf-8")
SOURCES = [
    *(ROOT / "tests" / "process").glob("test_*.py"),
    *(ROOT / "clients" / "rust" / "tests").glob("*.rs"),
]


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_kind_of_error_has_one_row_that_says_what_the_app_does():
    rows = re.findall(r"^\| (`.*?) \|", section("Errors"), re.MULTILINE)
    named = [kind for row in rows for kind in re.findall("`([a-z_]+)`", row)]
    of_the_app = {"daemon_gone", "no_answer", "start_failed"}

    assert len(named) == len(set(named))
    assert set(named) - of_the_app == set(ERROR_KINDS)


def test_every_test_that_is_named_exists():
    named = re.findall("`([a-z0-9_]+)`", section("What proves it"))
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)

    assert len(named) >= 7
    assert [name for name in named if not re.search(rf"(def|fn) {name}\(", code)] == []


def test_the_permissions_are_those_of_the_example():
    example = ROOT / "examples" / "tauri-app" / "src-tauri" / "capabilities" / "default.json"
    named = set(re.findall("`([a-z]+:[a-z:-]+)`", section("Permissions")))

    assert named == set(re.findall('"([a-z]+:[a-z:-]+)"', example.read_text(encoding="utf-8")))
