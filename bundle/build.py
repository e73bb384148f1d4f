"""Builds the bundle where it is wanted, or takes the one of the user's cache that is still good."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from bundle.freeze import freeze
from bundle.manifest import differences, fingerprint, read_manifest
from bundle.target import target_triple

_N_KEPT: Final = 3
"""How many bundles stay in the cache: what other checkouts test at the same time must not go."""


def build(output: Path, codesign_identity: str | None = None) -> Path:
    """Build into a folder of `output`, in place of what is there, and return it.

    Raise `Problem`.
    """
    target = target_triple()
    bundle = output.absolute() / f"ocr-sidecar-{target}"
    output.mkdir(parents=True, exist_ok=True)
    # Beside the place where it is to be, so that it comes to be there at once.
    with tempfile.TemporaryDirectory(prefix=".building-", dir=output) as work:
        made = freeze(Path(work), target, codesign_identity)
        shutil.rmtree(bundle, ignore_errors=True)
        made.rename(bundle)
    return bundle


def cached() -> Path:
    """Return the bundle of these sources, packages and Python; build it unless there is one.

    Raise `Problem`.
    """
    sources = fingerprint()
    cache = user_cache_path("ocr-sidecar-build", appauthor=False)
    folder = cache / sources[:16]
    bundle = folder / f"ocr-sidecar-{target_triple()}"
    if read_manifest(bundle).get("sources") != sources or differences(bundle):
        bundle = build(folder)
    os.utime(folder)
    by_age = sorted(cache.iterdir(), key=lambda one: one.stat().st_mtime)
    for old in by_age[:-_N_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return bundle
