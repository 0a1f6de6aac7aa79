"""Only its owner can read Ray's token."""

import stat

import pytest

from study.backend import auth_token
from study.errors import UserError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH", "RAY_AUTH_MODE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_token_is_made_once_for_its_owner_only(home):
    auth_token.check()
    assert not auth_token.known()
    auth_token.check(make=True)
    token = auth_token.file().read_text()
    assert (len(token), mode(auth_token.file())) == (64, 0o600)
    auth_token.check(make=True)
    assert auth_token.file().read_text() == token
    assert [path.name for path in auth_token.file().parent.iterdir()] == ["auth_token"]


def test_none_is_made_if_the_environment_has_one_or_disables_tokens(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a token")
    auth_token.check(make=True)
    assert auth_token.known()
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    auth_token.check(make=True)
    assert not auth_token.file().exists()


def test_what_ray_made_readable_by_all_is_closed_and_what_the_user_named_is_refused(home, monkeypatch):
    auth_token.file().parent.mkdir()
    auth_token.file().write_text("a token")
    auth_token.file().chmod(0o644)
    auth_token.check()
    assert mode(auth_token.file()) == 0o600
    named = home / "named"
    named.write_text("a token")
    named.chmod(0o640)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(named))
    with pytest.raises(UserError, match=rf"can be read by others \(mode 640\): chmod 600 {named}"):
        auth_token.check()
    assert mode(named) == 0o640
