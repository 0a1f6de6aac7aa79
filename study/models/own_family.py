"""Says in a card which code of the user's own a network is made by, and finds that code again when it is loaded.

No code is read from a model's folder, and a file is executed only if it is the one that the card names, to the byte,
and was used on this machine on the user's word.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from study import plugins
from study.errors import Damaged, UserError
from study.models import families
from study.models.cards import Card, OwnCode
from study.plugins import trusted


def described(family: str) -> OwnCode | None:
    """Describe a family's code for the card; None unless it is the user's own."""
    if not families.is_own(family):
        return None
    code = plugins.code("family", family)
    return {"identity": code.identity, "path": code.path}


def resolved(card: Card, folder: Path) -> AbstractContextManager[None]:
    """Find the code that a card names, while a network is built.

    Args:
        card: as it was read.
        folder: of the model, for messages.

    Raises:
        UserError: it is not here, or was never used here.
        Damaged: it has changed, or the card names none.
    """
    family = str(card["config"].get("family", ""))
    own = card.get("own_code")
    if own is None and not families.is_own(family):
        return nullcontext()
    if not isinstance(own, dict) or not isinstance(own.get("identity"), str):
        raise Damaged(f"{folder}: its card does not say by which code family {family} was made")
    what, wanted = f"{folder} is of family {family}", own["identity"]
    if wanted.startswith("sha256:"):
        return _file(what, family, wanted, own.get("path"))
    here = plugins.installed.identity_or_none("family", family)
    if here != wanted:
        raise (Damaged if here else UserError)(f"{what}, which is {here or 'not installed here'}; it needs {wanted}")
    return nullcontext()


def _file(what: str, family: str, wanted: str, recorded: str | None) -> AbstractContextManager[None]:
    """Find a file where it lay when the study ran, or else where its name leads from the current folder."""
    paths = [path for path in dict.fromkeys((str(recorded), family)) if Path(path).is_file()]
    if not paths:
        raise UserError(f"{what}, and its file is missing: {recorded or family} ({wanted})")
    codes = [plugins.code("family", path) for path in paths if plugins.files.is_file_name(path)]
    code = next((code for code in codes if code.identity == wanted), None)
    if code is None:
        raise Damaged(f"{what}, and {paths[0]} has changed: the network was made by the file with {wanted}")
    if not trusted.remembered(wanted):
        look = f"look at {code.name}, then run python -m study.backbones {code.name}"
        raise UserError(f"{what}, a file that was never used on this machine, so its code is not run: {look}")
    return plugins.fixed([code._replace(name=family)])
