"""All tests share one store of their own, so that none touches the user's."""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the same tests on every machine

import pytest


@pytest.fixture(scope="session", autouse=True)
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    os.environ["STUDY_STORE"] = str(folder)
    return folder
