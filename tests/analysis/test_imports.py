"""The analysis meets the study in the table only: what it imports, in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import analysis

MODULES = sorted(path.stem for path in Path(analysis.__file__).parent.glob("*.py"))
FORBIDDEN = {"study", "ray", "torch", "optuna", "torchvision", "timm", "search_spaces"}


def loaded(*modules: str) -> set[str]:
    code = f"import importlib, sys; [importlib.import_module(m) for m in {modules!r}]; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_root())
    return {name.partition(".")[0] for name in told.stdout.split()}


def _root() -> Path:
    return Path(analysis.__file__).parents[1]


def test_no_module_imports_the_study_or_what_runs_it():
    assert "report" in MODULES
    assert not loaded(*(f"analysis.{name}" for name in MODULES)) & FORBIDDEN


def test_the_table_alone_needs_no_drawing_library():
    assert not loaded("analysis.table") & {"matplotlib", "seaborn", "jinja2"}
