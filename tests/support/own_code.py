"""Code of a user's own for tests: the family of docs/networks.md, and a distribution with entry points."""

import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
FAMILY = re.findall(r"```python\n(.*?)```", PAGE.partition("## A family of your own")[2], re.DOTALL)[0]
"""The text of `mynet.py`, as the page has it."""
MEMBERS = {
    "task": "from study.data.tasks.pets import *\n",
    "pretext": "from study.pretraining.pretexts.rotation import *\n",
    "space": '"""A question?"""\nfrom tests.spaces.tiny import SPACE\n',
    "family": FAMILY,
}
"""Kind → the text of a module that is one."""


def changed(*pairs: tuple[str, str]) -> str:
    """The page's family with some of its text changed."""
    text = FAMILY
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def distribution(
    site: Path,
    entry_points: str,
    patch: pytest.MonkeyPatch,
    *,
    name: str = "mynets",
    version: str = "1.0",
    **modules: str,
) -> None:
    """Lay out an installed distribution in a folder, and put the folder on sys.path.

    Args:
        site: the folder.
        entry_points: content of `entry_points.txt`.
        patch: undoes it.
        name: of the distribution, and of its package.
        version: of it.
        modules: of its package, name → text.
    """
    info = site / f"{name}-{version}.dist-info"
    (site / name).mkdir(parents=True, exist_ok=True)
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(textwrap.dedent(entry_points))
    for module, text in {"__init__": "", **modules}.items():
        (site / name / f"{module}.py").write_text(text)
    patch.syspath_prepend(str(site))
