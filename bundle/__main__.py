"""The command: build the bundle, say what it weighs and how soon it answers.

    python -m bundle [--output DIR | --cached] [--codesign-identity NAME]

Leaves with 0 when the bundle is there; the targets are told and decide nothing.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Final

from bundle.build import build, cached
from bundle.contents import DAEMON, ROOT
from bundle.manifest import read_manifest
from bundle.problems import Problem

TARGET_MB: Final = 350


def main() -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args()
    try:
        bundle = cached() if options.cached else build(options.output, options.codesign_identity)
    except Problem as problem:
        sys.stderr.write(f"bundle: {problem}\n")
        return 1
    _tell(bundle)
    return 0


def _tell(bundle: Path) -> None:
    manifest = read_manifest(bundle)
    _say(str(bundle))
    size = f"{manifest['size'] / 1e6:.0f} MB, target < {TARGET_MB}"
    _say(f"{size}, in {len(manifest['files'])} files, made of {len(manifest['parts'])} parts")
    if "glibc" in manifest:
        _say(f"runs with glibc {manifest['glibc']} or later")
    suffix = ".exe" if sys.platform == "win32" else ""
    command = [sys.executable, "-m", "benchmarks.startup", "--runs", "5"]
    command += ["--command", str(bundle / (DAEMON + suffix))]
    # A target that is missed makes the benchmark fail, and not the build.
    subprocess.run(command, cwd=ROOT, check=False)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bundle",
        description="Build a folder that holds the whole product; see docs/shipping.md.",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--output",
        type=Path,
        default=ROOT / "dist",
        metavar="DIR",
        help="the bundle becomes a folder in it (default: dist)",
    )
    where.add_argument(
        "--cached",
        action="store_true",
        help="build into the user's cache, and only when sources, packages or Python have changed",
    )
    parser.add_argument(
        "--codesign-identity",
        metavar="NAME",
        help="on macOS, sign everything with this identity (default: for this machine only)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
