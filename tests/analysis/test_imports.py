"""The analysis meets the study in the table only: what it imports, in a fresh interpreter."""

import subprocess
import sys
from pathlib import Path

import analysis

ROOT = Path(analysis.__file__).parents[1]
MODULES = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "analysis").rglob("*.py"))
FORBIDDEN = {"study", "ray", "torch", "optuna", "torchvision", "timm", "search_spaces"}


def loaded(*modules: str) -> set[str]:
    code = f"import importlib, sys; [importlib.import_module(m) for m in {modules!r}]; print(*sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in process.stdout.split()}


def test_no_module_imports_the_study_or_what_runs_it():
    assert {"analysis.report.study_report", "analysis.figures.draw", "analysis.__main__"} < {*MODULES}
    assert not loaded(*(name for name in MODULES if "notebooks" not in name)) & FORBIDDEN


def test_the_table_alone_needs_no_drawing_library():
    assert not loaded("analysis.numbers.table") & {"matplotlib", "seaborn", "jinja2"}
