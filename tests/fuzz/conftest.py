"""The fuzz tests say what they tried themselves; the log of all tries would be no help."""

import pytest
from loguru import logger


@pytest.fixture(scope="session", autouse=True)
def no_log():
    logger.disable("daemon")
    yield
    logger.enable("daemon")
