"""Deadlines, restart policy, page selections, settings: small pure modules and their cases."""

import os
from argparse import ArgumentParser
from random import Random

import pytest

from daemon.config import Config, Timeouts, add_options, from_options, to_arguments
from daemon.deadlines import Deadlines
from daemon.errors import RpcError
from daemon.page_ranges import select_existing, select_pages
from daemon.restart_policy import GiveUp, RestartIn, RestartPolicy
from ocr_worker.wire import Limits


def due(deadlines, now):
    keys = []
    while (key := deadlines.pop_due(now)) is not None:
        keys.append(key)
    return keys


def test_deadlines_come_due_in_order_of_time():
    deadlines = Deadlines()
    deadlines.set("late", 3.0)
    deadlines.set("early", 1.0)
    deadlines.set("never", 9.0)

    assert deadlines.next_at() == 1.0
    assert due(deadlines, 3.0) == ["early", "late"]


def test_a_deadline_set_again_replaces_the_first():
    deadlines = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.set("a", 5.0)

    assert due(deadlines, 4.0) == []
    assert due(deadlines, 5.0) == ["a"]


def test_a_cleared_deadline_is_not_due_and_clearing_twice_is_fine():
    deadlines = Deadlines()
    deadlines.set("a", 1.0)
    deadlines.clear("a")
    deadlines.clear("a")

    assert deadlines.next_at() is None
    assert due(deadlines, 2.0) == []


def test_deadlines_that_are_set_again_and_again_take_no_more_room():
    deadlines = Deadlines()
    for at in range(10_000):
        deadlines.set("page", at + 300.0)
        deadlines.set("idle", at + 200.0)
        deadlines.clear("page")

    assert len(deadlines._heap) < 100
    assert (deadlines.next_at(), deadlines.pop_due(1e6)) == (10_199.0, "idle")


def test_a_slot_restarts_three_times_with_growing_backoff_and_then_gives_up():
    policy = RestartPolicy(random=Random(1))
    verdicts = [policy.on_death(0.1) for _ in range(4)]

    delays = [verdict.delay_s for verdict in verdicts[:3]]
    for delay, base in zip(delays, (0.25, 1.0, 4.0), strict=True):
        assert base <= delay <= base * 1.2
    assert verdicts[3] == GiveUp()


def test_a_stable_life_gives_the_budget_back():
    policy = RestartPolicy(random=Random(1))
    for _ in range(3):
        policy.on_death(0.1)

    verdict = policy.on_death(60.0)

    assert isinstance(verdict, RestartIn)
    assert verdict.delay_s < 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, [1, 2, 3, 4, 5]),
        ("2", [2]),
        ("2-3", [2, 3]),
        ("4-", [4, 5]),
        ("-1", [5]),
        ("-5", [1]),
        ("3,1,1-2,-1", [1, 2, 3, 5]),
        (" 1 - 2 , 4 ", [1, 2, 4]),
    ],
)
def test_a_selection_names_pages_in_document_order_without_duplicates(text, expected):
    assert select_pages(text, 5) == expected


@pytest.mark.parametrize("text", ["6", "1-6", "-6", "7-", "1,2,999999999"])
def test_a_page_that_does_not_exist_is_out_of_range(text):
    with pytest.raises(RpcError) as caught:
        select_pages(text, 5)
    assert caught.value.kind.name == "page_out_of_range"


def test_a_selection_among_what_there_is_leaves_out_the_rest():
    assert select_existing("-9,4-7,2", 5) == [2, 4, 5]


@pytest.mark.parametrize("text", ["", "a", "0", "3-1", "1--2", "1;2", "1,", "+1", "1.0"])
def test_what_is_no_selection_is_an_invalid_param(text):
    with pytest.raises(RpcError) as caught:
        select_pages(text, 5)
    assert caught.value.kind.name == "invalid_params"


def parse_options(*arguments, env=None):
    parser = ArgumentParser()
    add_options(parser, env or {})
    return from_options(parser.parse_args(arguments))


def test_settings_come_from_the_command_line_then_the_environment_then_defaults():
    env = {"OCR_SIDECAR_WORKERS": "3", "OCR_SIDECAR_MAX_JOBS": "7"}

    config = parse_options("--workers", "2", env=env)

    assert (config.workers, config.max_jobs, config.on_eof) == (2, 7, "cancel")
    assert parse_options() == Config()


def test_several_allowed_folders_come_from_repeated_options_or_one_variable(tmp_path):
    a, b = (tmp_path / "a").resolve(), (tmp_path / "b").resolve()

    assert parse_options("--allow-dir", str(a), "--allow-dir", str(b)).allow_dirs == (a, b)
    env = {"OCR_SIDECAR_ALLOW_DIR": os.pathsep.join([str(a), str(b)])}
    assert parse_options(env=env).allow_dirs == (a, b)


def test_settings_survive_the_way_through_a_command_line(tmp_path):
    config = Config(
        workers=3,
        on_eof="drain",
        allow_dirs=(tmp_path.resolve(),),
        scratch_dir=tmp_path,
        model_cache_dir=tmp_path,
        keep_models=False,
        log_dir=tmp_path,
        log_level="debug",
        max_jobs=5,
        heartbeat_s=0.25,
        worker_command="a b",
        warm_up=False,
        watch_parent=False,
        timeouts=Timeouts(page_timeout_s=1.5, job_timeout_s=86400, silence_timeout_s=2),
        limits=Limits(max_document_bytes=1, max_pages=2, max_page_pixels=3),
    )

    assert parse_options(*to_arguments(config)) == config


def test_a_daemon_of_our_own_is_spoken_to_in_json_rpc_whatever_the_environment_says():
    config = parse_options(env={"OCR_SIDECAR_DIALECT": "bridge"})

    assert config.dialect == "bridge"
    assert parse_options(*to_arguments(config), env={"OCR_SIDECAR_DIALECT": "bridge"}) == Config()
    with pytest.raises(SystemExit):
        parse_options("--dialect", "soap")


@pytest.mark.parametrize(("text", "is_watched"), [("1", False), ("true", False), ("0", True)])
def test_an_option_without_a_value_has_a_variable_with_one(text, is_watched):
    env = {"OCR_SIDECAR_NO_PARENT_WATCH": text}

    assert parse_options(env=env).watch_parent == is_watched
    assert parse_options(env={"OCR_SIDECAR_NO_WARM_UP": text}).warm_up == is_watched
    with pytest.raises(SystemExit):
        parse_options(env={"OCR_SIDECAR_NO_PARENT_WATCH": "perhaps"})


def test_a_variable_that_is_no_number_is_a_usage_error():
    with pytest.raises(SystemExit):
        parse_options(env={"OCR_SIDECAR_WORKERS": "many"})
