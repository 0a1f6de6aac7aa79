"""The made-up study that the tests of the analysis share."""

import pandas as pd
import pytest

from tests.analysis import synthetic


@pytest.fixture(scope="session")
def made() -> pd.DataFrame:
    """12 cells, 8 search trials and 5 replicates each, one failed trial. Tests copy before they change it."""
    return synthetic.study()


@pytest.fixture(scope="session")
def folder(made, tmp_path_factory):
    """The same as a study's folder."""
    return synthetic.write(made, tmp_path_factory.mktemp("results") / "gtsrb")
