import gc
import subprocess
import sys

import pytest

from engine.imports import uncollected


def test_no_garbage_is_looked_for_while_something_is_imported():
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(KeyError), uncollected():
        raise KeyError
    assert gc.isenabled()


def test_opening_a_dataset_by_its_name_imports_no_more_than_it_takes():
    code = (
        "import sys, engine.data.open; print([name for name in sys.modules if name in "
        "('engine.data.npz', 'engine.data.download', 'engine.data.mirror', 'ssl', 'torch')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_torch_is_imported_once_and_left_alone_by_the_collector():
    code = (
        "import gc, sys; from engine.imports import import_torch; import_torch(); "
        "first = gc.get_freeze_count(); import_torch(); "
        "print('torch' in sys.modules, gc.isenabled(), first > 10_000, "
        "gc.get_freeze_count() == first)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True True True\n"
