"""Reads the network in a user's file into an entry of the store, under its stages' names; imports torch."""

import json
from functools import partial
from pathlib import Path

from safetensors.torch import save_file

from study.errors import UserError
from study.models import weight_files, weight_tensors, weights
from study.models.families import _layouts
from study.models.net import copied
from study.pretraining.imported import ImportCard, ImportedWeights
from study.storage import store


def make(start: ImportedWeights) -> store.Entry[ImportCard]:
    """Open weights; if the store lacks them, or has them damaged, the file is read.

    Raises:
        UserError: it holds another network, or none, or its content has changed meanwhile.
    """
    return store.make_once(weights.KIND, start.key, partial(_fill, start), verified=True)


def _fill(start: ImportedWeights, folder: Path) -> ImportCard:
    source, layouts = start.source, _layouts.layouts(start.source.config)
    path, prefix = weight_files.split(source.name)
    if weight_files.sha256(path) != start.sha256:
        raise UserError(f"weights {path}: is another file than the one that the study was started with")
    number, fitted = weight_tensors.fit(path, weight_tensors.read(path), [layout for layout, _ in layouts], prefix)
    names = layouts[number][1]
    save_file(copied({stage: fitted.network[name] for stage, name in names.items()}), folder / weights.MODEL)
    card: ImportCard = {
        "file": str(path),
        "sha256": start.sha256,
        "family": source.config.family,
        "taken": str(fitted),
    }
    (folder / weights.CARD).write_text(json.dumps(card, indent=1, ensure_ascii=False), encoding="utf-8")
    return card
