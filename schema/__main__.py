"""Writes the generated files into the repository: `python -m schema`."""

import sys
from pathlib import Path

from schema.generated import generated

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write what is stale and say so."""
    for name, text in generated().items():
        path = ROOT / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        sys.stdout.write(f"wrote {name}\n")


if __name__ == "__main__":
    main()
