import numpy as np
import pytest

from ocr_worker.engines import ENGINE_NAMES, list_engines, load_engine
from ocr_worker.engines.base import Reading
from ocr_worker.engines.null import VARIABLE, NullEngine
from ocr_worker.errors import EngineUnavailable, TaskError, TaskStopped

PAGE = np.zeros((200, 300, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def behave(monkeypatch, json):
    monkeypatch.setenv(VARIABLE, json)
    return NullEngine()


def test_it_reads_nothing_unless_told():
    assert NullEngine().recognize(PAGE, Reading(), lambda stage: None) == []


def test_it_reads_the_line_it_is_told_across_the_page(monkeypatch):
    engine = behave(monkeypatch, '{"text": "hello big world"}')

    (line,) = engine.recognize(PAGE, Reading(), lambda stage: None)

    assert line.text == "hello big world"
    assert [word.text for word in line.words] == ["hello", "big", "world"]
    assert (line.quad[:, 0].min(), line.quad[:, 0].max()) == (0.0, 300.0)
    assert [word.quad[:, 0].min() for word in line.words] == [0.0, 100.0, 200.0]


def test_a_slow_page_can_be_left_at_a_checkpoint(monkeypatch):
    engine = behave(monkeypatch, '{"seconds": 30}')
    stages = []

    def checkpoint(stage):
        stages.append(stage)
        if len(stages) == 2:
            raise TaskStopped

    with pytest.raises(TaskStopped):
        engine.recognize(PAGE, Reading(), checkpoint)

    assert stages == ["recognize", "recognize"]


@pytest.mark.parametrize("value", ["", "{", "[]", '{"seconds": "1"}', '{"second": 1}'])
def test_a_variable_it_does_not_understand_makes_it_unavailable(monkeypatch, value):
    with pytest.raises(EngineUnavailable, match=VARIABLE):
        behave(monkeypatch, value)


def test_it_is_loaded_by_its_name():
    assert load_engine("null").name == "null"


def test_an_engine_that_is_not_known_is_unavailable():
    with pytest.raises(TaskError) as failure:
        load_engine("abacus")

    assert failure.value.kind == "engine_unavailable"


def test_every_engine_is_listed_usable_or_not():
    assert tuple(engine.name for engine in list_engines()) == ENGINE_NAMES


def test_an_engine_that_is_not_installed_is_listed_with_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    (engine,) = [engine for engine in list_engines() if engine.name == "rapidocr"]

    assert not engine.available
    assert engine.reason is not None
    assert "pip install" in engine.reason
    assert not engine.languages
