"""What a worker does between two tasks: memory given back, and what the next one may need."""

from queue import Empty

import pytest

from ocr_worker import heap, serve, wire
from ocr_worker.heap import HELD_BYTES, Heap
from ocr_worker.serve import Server

MB = 1024**2


@pytest.fixture
def memory(monkeypatch):
    """A process that takes what `world["resident"]` says, and 300 MB once it was asked to tidy."""
    world = {"resident": 400 * MB, "given_back": 0}

    def give_back():
        world["resident"] = min(world["resident"], 300 * MB)
        world["given_back"] += 1

    monkeypatch.setattr(heap, "_resident_bytes", lambda: world["resident"])
    monkeypatch.setattr(heap, "give_back", give_back)
    return world


def times_given_back(memory, residents):
    ours = Heap()
    times = []
    for resident in residents:
        memory["resident"] = resident * MB
        ours.tidy()
        times.append(memory["given_back"])
    return times


def test_memory_is_given_back_when_much_was_taken_since_the_last_time(memory):
    assert HELD_BYTES == 128 * MB
    assert times_given_back(memory, [400, 320, 427, 428, 427, 500]) == [1, 1, 1, 2, 2, 3]


def test_memory_that_went_by_itself_counts_as_taken_when_it_comes_back(memory):
    assert times_given_back(memory, [400, 250, 377, 378]) == [1, 1, 1, 2]


def test_where_memory_is_not_told_of_nothing_happens(memory):
    assert times_given_back(memory, [0, 0]) == [0, 0]


class Tasks:
    """A queue that has nothing for the first who asks, and notes who waits how long."""

    def __init__(self, *tasks):
        self.tasks = list(tasks)
        self.waits = []

    def get(self, timeout=None):
        self.waits.append(timeout)
        task = self.tasks.pop(0)
        if task is None:
            assert timeout is not None
            raise Empty
        return task


class Wire:
    def __init__(self, *tasks):
        self.tasks = Tasks(*tasks)


TASK = wire.ListEngines(task=1)


def test_an_idle_worker_gives_all_back_once(memory):
    server = Server(Wire(None, None, TASK))
    server._heap.tidy()
    memory["resident"] += MB

    assert server._next_task() is TASK
    assert (memory["resident"], memory["given_back"]) == (300 * MB, 2)
    assert server.control.tasks.waits == [serve.PAUSE_S, serve.IDLE_S, None]


@pytest.mark.parametrize("before", [(), (None,)])
def test_a_worker_whose_next_task_comes_soon_gives_nothing_back(memory, before):
    server = Server(Wire(*before, TASK))

    assert server._next_task() is TASK
    assert memory["given_back"] == 0


class Loading:
    """An engine that notes when it loads ahead."""

    def __init__(self, error=None):
        self.n_times = 0
        self.error = error

    def load_ahead(self):
        self.n_times += 1
        if self.error:
            raise self.error


def test_a_pause_is_used_to_load_what_engines_need_for_some_pages(memory):
    engines = {"broken": Loading(RuntimeError("no such model")), "whole": Loading()}
    server = Server(Wire(None, TASK), _engines=engines)

    assert server._next_task() is TASK
    assert [engine.n_times for engine in engines.values()] == [1, 1]


def test_nothing_is_loaded_while_a_task_is_there(memory):
    engine = Loading()
    server = Server(Wire(TASK), _engines={"one": engine})

    assert server._next_task() is TASK
    assert engine.n_times == 0
