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


def cache_folder() -> Path:
    """Return where what takes long to build is kept between runs, bundles and others' builds."""
    return user_cache_path("ocr-sidecar-build", appauthor=False)


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
    bundle = place_in_cache(sources)
    if fault(bundle, sources) is not None:
        bundle = build(bundle.parent)
    os.utime(bundle.parent)
    by_age = sorted(bundle.parent.parent.iterdir(), key=lambda one: one.stat().st_mtime)
    for old in by_age[:-_N_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return bundle


def place_in_cache(sources: str) -> Path:
    """Return where the bundle of that fingerprint is cached, be it there or not.

    Raise `Problem` where there is no target.
    """
    # In a folder of their own, for what makes room here knows bundles only.
    return cache_folder() / "bundles" / sources[:16] / f"ocr-sidecar-{target_triple()}"


def fault(bundle: Path, sources: str) -> str | None:
    """Return what keeps a folder from being the bundle of that fingerprint; None if it is."""
    described = read_manifest(bundle)
    if not described:
        return "is not there"
    if described.get("sources") != sources:
        return "was made of other sources, packages or Python"
    changed = differences(bundle)
    return f"is not as it was built: {changed[0]}" if changed else None
