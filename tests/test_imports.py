"""The rules of the house, held by what is really imported."""

import subprocess
import sys

import pytest

LIGHT = [
    "engine.networks.architectures", "engine.config", "engine.runs.events", "engine.runs.store",
    "engine.runs.session", "engine.runs.history", "engine.runs.control",
    "engine.numerics.intervals", "tui.cli.main",
]  # fmt: skip


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_import_neither_torch_nor_matplotlib(module):
    code = (
        f"import sys, {module}; "
        "print([m for m in ('torch', 'torchvision', 'matplotlib', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_training_does_not_import_torch_s_compiler(tmp_path):
    code = (
        "import sys; from tui.cli.main import invoke; "
        "code = invoke(['run', 'train', '--model', 'baseline', '--dataset', 'digits', "
        f"'--epochs', '1', '--quiet', '--artifacts', {str(tmp_path)!r}]); "
        "print(code, [m for m in ('torch._dynamo', 'sympy', 'torchvision') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"
