"""All tests share one store of their own, so that none touches the user's."""

import os
import signal

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # the same tests on every machine
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two processes run them: more threads than cores are ten times slower

import pytest

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:  # in the background, or under nohup: what tests start would too
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def store(tmp_path_factory):
    """One for all processes that run tests: what is drawn or decoded in one is there for the others."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "store"
    folder.mkdir(exist_ok=True)
    os.environ["STUDY_STORE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory, store):
    """A finished study and the folder of its images; to be copied before it is changed."""
    from tests.support import small_study

    place = tmp_path_factory.mktemp("finished")
    images = small_study.photographs(place / "images")
    assert small_study.study(place / "out", images) == 0
    return place / "out", images


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Chromium without a window; tests that use it have the marks of `tests.support.browsing`."""
    from tests.support import browsing

    yield from browsing.started(tmp_path_factory.mktemp("browser"))
