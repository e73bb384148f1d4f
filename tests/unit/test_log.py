"""What the host is told of the log, and levels that change while the daemon runs."""

from pathlib import Path

import pytest
from loguru import logger

from daemon import log
from daemon.events import LogWritten


@pytest.fixture
def inbox():
    return []


@pytest.fixture
def logs(tmp_path, inbox):
    """A log whose host takes five messages at a time; loguru is given back as it was."""
    configured = log.configure(
        tmp_path, "test", "info", log.HostSink(inbox.append, lambda: len(inbox) < 5)
    )
    yield configured
    logger.remove()
    for sink in configured.sinks:
        sink.close(5)


def written(logs):
    for sink in logs.sinks:
        sink.close(5)
    return Path(logs.path).read_text()


def test_a_host_that_has_not_asked_is_told_nothing(logs, inbox):
    logger.error("no")

    assert inbox == []


def test_a_host_is_told_from_the_level_on_that_it_asked_for(logs, inbox):
    logs.tell_host("warning")
    logger.info("no")
    logger.warning("a {}", "b")
    logger.critical("c")

    assert inbox == [LogWritten("warning", "a b"), LogWritten("error", "c")]


def test_a_host_that_asks_again_is_told_once_and_one_that_asks_for_nothing_not_at_all(logs, inbox):
    logs.tell_host("debug")
    logs.tell_host("info")
    logger.info("once")
    logs.tell_host(None)
    logger.error("no")

    assert inbox == [LogWritten("info", "once")]


def test_a_traceback_is_not_for_the_host(logs, inbox):
    logs.tell_host("error")
    try:
        raise ValueError("/home/me/secret.pdf")
    except ValueError:
        logger.exception("a bug")

    assert inbox == [LogWritten("error", "a bug")]


def test_what_a_crowded_loop_cannot_take_is_dropped_and_counted(logs, inbox):
    logs.tell_host("info")
    for number in range(8):
        logger.info("{}", number)

    assert [event.message for event in inbox] == ["0", "1", "2", "3", "4"]
    assert logs.to_host.n_dropped == 3


def test_a_long_message_is_cut(logs, inbox):
    logs.tell_host("info")
    logger.info("x" * 5000)

    assert inbox[0].message == "x" * 1000 + "…"


def test_the_level_of_the_file_can_be_changed(logs):
    logger.debug("before")
    logs.set_level("debug")
    logger.debug("between")
    logs.set_level("error")
    logger.warning("after")
    logger.error("last")

    text = written(logs)
    assert [word in text for word in ("before", "between", "after", "last")] == [
        False,
        True,
        False,
        True,
    ]


def test_without_a_file_there_is_no_level_to_change(tmp_path, inbox, capsys):
    (tmp_path / "file").write_text("")
    configured = log.configure(
        tmp_path / "file", "test", "info", log.HostSink(inbox.append, lambda: True)
    )
    configured.set_level("debug")
    logger.info("not on stderr")
    logger.warning("on stderr")
    logger.remove()
    configured.sinks[0].close(5)

    assert configured.path is None
    stderr = capsys.readouterr().err
    assert ("on stderr" in stderr, "not on stderr" in stderr) == (True, False)
