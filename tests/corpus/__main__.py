"""Writes the corpus into a folder, and a list of what is known of it."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from tests.corpus import build


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    entries = build(folder)
    lines = "".join(json.dumps(asdict(entry)) + "\n" for entry in entries)
    (folder / "corpus.jsonl").write_text(lines, encoding="utf-8")
    print(f"{len(entries)} files in {folder}")


if __name__ == "__main__":
    main()
