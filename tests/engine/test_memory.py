import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, threading
from engine.memory import keep_memory
done = keep_memory()
import numpy as np

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        np.ones(4 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(done, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for anything")
def test_large_blocks_come_back_without_page_faults():
    words = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
                           check=True).stdout.split()  # fmt: skip
    if words[0] == "False":
        pytest.skip("this C library is not glibc")
    assert int(words[1]) < 50  # 50 blocks of 1,024 pages each
