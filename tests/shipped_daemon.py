"""Which daemon the tests with the marker `hosts` drive: decided here, once for all of them.

Hosts ship the bundle, so it is the bundle wherever there is one: that in `dist`, which
`python -m bundle` makes, or that in the user's cache, which `python -m bundle --cached` makes. It
must have been made of these very sources, packages and Python, and not have been changed since; one
that would pass for what it is not is passed over, and the run says so. Without one it is the
package, run from this source; the gate does not put up with that.

All other tests stay on the package, whatever there is, for they need its inside: workers that
misbehave in one way each and daemons that follow a script (tests/workers), the cells of the kill
matrix, the conversations that are held to the types in memory. Theirs is `daemon_program` of
tests/conftest.py. What hosts do with a daemon that breaks the protocol is tested with programs of
the clients' own, which are no daemon of ours at all.
"""

import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from bundle.build import fault, place_in_cache
from bundle.contents import DAEMON, ROOT
from bundle.manifest import fingerprint
from bundle.problems import Problem
from bundle.target import target_triple

PACKAGE_WANTED = "OCR_SIDECAR_HOSTS_ON_PACKAGE"
"""Set to 1, it has the package driven in spite of a bundle, to tell whose a failure is."""


@dataclass(frozen=True)
class ShippedDaemon:
    """How it is started, and what the run says about it."""

    command: tuple[str, ...]
    folder: Path
    """Where a program of the name `ocr-sidecar` is, for hosts that look on the PATH."""
    env: dict[str, str]
    bundle: Path | None
    told: str


@functools.cache
def choose():
    """Look for a bundle of these sources; hashing its files takes about a second."""
    if os.environ.get(PACKAGE_WANTED) == "1":
        return _package(f"{PACKAGE_WANTED} says so")
    try:
        sources = fingerprint()
        places = (ROOT / "dist" / f"ocr-sidecar-{target_triple()}", place_in_cache(sources))
    except Problem as problem:
        return _package(str(problem))
    faults = {place: fault(place, sources) for place in places}
    stale = [f"{place} {found}" for place, found in faults.items() if found and place.exists()]
    for place, found in faults.items():
        if found is None:
            return _bundle(place, stale)
    return _package("; ".join(stale) or "there is no bundle: python -m bundle --cached")


def _bundle(place, stale):
    program = place / (DAEMON + (".exe" if sys.platform == "win32" else ""))
    told = "; ".join([f"the hosts' daemon is the bundle in {place}", *stale])
    return ShippedDaemon((str(program),), place, {}, place, told)


def _package(why):
    return ShippedDaemon(
        (sys.executable, "-P", "-m", "daemon"),
        Path(sys.executable).parent,
        {"PYTHONPATH": str(ROOT)},
        None,
        f"the hosts' daemon is the package, not a bundle ({why})",
    )
