"""Which daemon hosts are tested with: the bundle of these sources, or the package."""

import sys

import pytest

from bundle.manifest import write_manifest
from tests import shipped_daemon


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Where a bundle is looked for: in `dist`, in the cache."""
    monkeypatch.delenv(shipped_daemon.PACKAGE_WANTED, raising=False)
    monkeypatch.setattr(shipped_daemon, "target_triple", lambda: "here")
    monkeypatch.setattr(shipped_daemon, "ROOT", tmp_path)
    in_cache = tmp_path / "cache" / "ocr-sidecar-here"
    monkeypatch.setattr(shipped_daemon, "place_in_cache", lambda sources: in_cache)
    return tmp_path / "dist" / "ocr-sidecar-here", in_cache


def choose():
    return shipped_daemon.choose.__wrapped__()


def make(place):
    place.mkdir(parents=True)
    write_manifest(place, "here", None, [])


@pytest.mark.parametrize("number", [0, 1])
def test_a_bundle_of_these_sources_is_what_hosts_start(places, number):
    make(places[number])
    chosen = choose()

    assert chosen.bundle == places[number]
    assert [program.startswith(str(places[number])) for program in chosen.command] == [True]
    assert chosen.env == {}
    assert str(places[number]) in chosen.told


def test_a_stale_bundle_is_passed_over_and_named(places, monkeypatch):
    make(places[0])
    monkeypatch.setattr(shipped_daemon, "fingerprint", lambda: "0" * 64)
    chosen = choose()

    assert (chosen.bundle, chosen.command[0]) == (None, sys.executable)
    assert f"{places[0]} was made of other sources" in chosen.told


def test_a_stale_bundle_is_named_beside_the_good_one_too(places):
    make(places[1])
    places[0].mkdir(parents=True)
    (places[0] / "manifest.json").write_text('{"sources": "others"}')
    chosen = choose()

    assert chosen.bundle == places[1]
    assert f"{places[0]} was made of other sources" in chosen.told


def test_without_a_bundle_it_is_the_package_and_the_run_says_how_to_get_one(places):
    chosen = choose()

    assert chosen.bundle is None
    assert chosen.command == (sys.executable, "-P", "-m", "daemon")
    assert "python -m bundle" in chosen.told


def test_the_package_can_be_asked_for(places, monkeypatch):
    make(places[0])
    monkeypatch.setenv(shipped_daemon.PACKAGE_WANTED, "1")

    assert choose().bundle is None
