"""The pages for people agree with the program and with each other."""

import re
from pathlib import Path

import pytest

from daemon.errors import ERROR_KINDS

ROOT = Path(__file__).parent.parent
PAGES = [
    "README.md",
    "docs/electron.md",
    "docs/performance.md",
    "docs/shipping.md",
    "docs/tauri.md",
    "docs/troubleshooting.md",
    "clients/rust/README.md",
    "clients/typescript/README.md",
    "examples/tauri-app/README.md",
]


def anchors(page):
    """Return the anchors of a page's headings, as hosts of repositories make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name):
    page = ROOT / name
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    assert links
    for link in links:
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_kind_of_error_is_somebodys():
    page = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    table = page.partition("## Kinds of errors, by who acts")[2]
    kinds = re.findall(
        r"`(\w+)`", "".join(re.findall(r"^\| [^|]+ \|([^|]*)\|", table, re.MULTILINE))
    )

    assert sorted(kinds) == sorted(ERROR_KINDS)
