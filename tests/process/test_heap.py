"""What a page took is given back to the system, though something small may still lie above it."""

import ctypes
import subprocess
import sys

import pytest

PROGRAM = """
import psutil
from ocr_worker.heap import give_back

def resident():
    return psutil.Process().memory_info().rss

blocks = [bytearray(1000) for _ in range(100_000)]
full = resident()
del blocks[:-1]
give_back()
print(full - resident())
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="only glibc can be asked",
)
def test_freed_memory_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True)

    assert int(done.stdout) > 80_000_000
