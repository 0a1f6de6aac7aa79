"""A study's table made up by plain arithmetic: what the analysis reads, without a study.

Knows the table's columns and the shape of a study. Its scores are a formula with noise, without training.
"""

import html
from pathlib import Path

import numpy as np
import pandas as pd

from analysis import __main__ as command
from analysis.numbers.table import COLUMNS

SOURCE = "stand-in: 43 rendered signs, 4,300 train + 860 test images"
REGIMES = ("scratch", "feature_extraction", "partial_freeze", "fine_tune")
FRACTIONS = (0.1, 0.5, 1.0)
IMAGES = 3440  # available for training
BEGUN, START = 1.7e9, 0.5  # seconds: when the first worker is ready, and how long a trial takes to start
CEILINGS = {
    "scratch": 0.93,
    "feature_extraction": 0.84,
    "partial_freeze": 0.965,
    "stage_rates": 0.96,
    "fine_tune": 0.97,
}
NEEDS = {"scratch": 0.35, "feature_extraction": 0.06, "partial_freeze": 0.10, "stage_rates": 0.12, "fine_tune": 0.14}


def study(regimes=REGIMES, fractions=FRACTIONS, searched=8, repeated=5, epochs=10, seed=0, **config) -> pd.DataFrame:
    """A table with `searched` trials per cell, a first rung at two epochs, and the winner `repeated` times on test."""
    draw = np.random.default_rng(seed)
    rows = []
    for place, (regime, share) in enumerate((r, f) for r in regimes for f in fractions):
        cell = f"regime={regime}, label_fraction={share:g}"
        base = {"space": "gtsrb", "cell": cell, "regime": regime, "label_fraction": share} | config
        rows += _cell(place, base, searched, repeated, epochs, draw)
    return frame(rows)


def with_zero_shot(regimes=("feature_extraction",), fractions=(0.05, 0.1), **options) -> pd.DataFrame:
    """The same with a zero_shot cell at each fraction: one untrained trial and five equal replicates of it."""
    rows = []
    for place, share in enumerate(fractions, 90):
        base = {"space": "gtsrb", "cell": f"regime=zero_shot, label_fraction={share:g}", "regime": "zero_shot"}
        base |= {"data": SOURCE, "family": "resnet18", "weights": "imagenet", "state": "complete"}
        rows += _untrained(base, f"c{place:03d}")
    return pd.concat([frame(rows), study(regimes, fractions, **options)], ignore_index=True)


def _untrained(base: dict, cell: str) -> list[dict]:
    rows = _curve(base | {"trial": f"{cell}-s000", "role": "search", "seed": 0}, 0.2, 0, 0, np.random.default_rng(0))
    for number in range(5):
        again = {"trial": f"{cell}-r{number:03d}", "role": "replicate", "replicate_of": f"{cell}-s000", "seed": number}
        rows += _curve(base | again, 0.2, 0, 0, np.random.default_rng(0))
        rows.append(rows[-1] | {"split": "test", "score": 0.21})
    return rows


MODELS = {"cnn": 0.88, "meta_extractor": 0.85, "parallel_net": 0.92}
CAUSES = {"published": 0.09, "learning_rate": 0.05, "batchnorm": 0.03, "corrected": 0.0}  # the score that each costs
NO_WEIGHTS = "ImageNet weights of nasnet_mobile need a download: give --download"


def models(
    versions=tuple(CAUSES), sizes=(), missing=True, alarms=True, searched=4, repeated=5, epochs=4, seed=0
) -> pd.DataFrame:
    """Three models, each as published, with single causes and corrected; a fourth that cannot run here; alarms."""
    draw = np.random.default_rng(seed)
    grid = [(m, s, v) for m in (*MODELS, *["nasnet"] * missing) for s in sizes or (None,) for v in versions or (None,)]
    rows = []
    for place, (model, size, version) in enumerate(grid):
        base = {"space": "metanet", "cell": _name(model=model, upsample=size, version=version), "regime": "fine_tune"}
        base |= {"label_fraction": 1.0, "upsample": size}
        if version == "published":
            base |= {"published": MODELS.get(model, 0.4)}
        rows += _model(place, base, model, CAUSES.get(version, 0), (searched, repeated, epochs), draw)
    return frame(_noticed(rows) if alarms else rows)


GAINS = {"none": 0.0, "patches": 0.06, "touching": 0.03}  # of score, at a tenth of the labels; none at all labels
PRETEXT = {"patches": 0.5, "touching": 0.8}  # accuracy at the pretext's end


def pretrained(weights=tuple(GAINS), fractions=(0.1, 1.0), repeated=5, epochs=8, seed=0, steps=False) -> pd.DataFrame:
    """Trials with and without pretrained weights, and the pretraining; with `steps`, few labels take fewer steps."""
    draw, rows = np.random.default_rng(seed), []
    for name in weights:
        rows += _pretraining(name) if name in PRETEXT else []
    for place, (name, share) in enumerate((w, f) for w in weights for f in fractions):
        base = {"space": "cifar10", "cell": _name(weights=name, label_fraction=share), "regime": "fine_tune"}
        base |= {"weights": name, "label_fraction": share, "ceiling": 0.7 + GAINS[name] * (share < 1)}
        cell_rows = _cell(place, base, 3, repeated, epochs, draw)
        for row in cell_rows:
            row["step"] = round(100 * row.get("step", 0) * (share if steps else 1))
        rows += cell_rows + [
            row | {"metric": "f1", "score": row["score"] - 0.02} for row in cell_rows if row.get("split") == "test"
        ]
    return frame(rows)


def _pretraining(name: str) -> list[dict]:
    base = {"space": "cifar10", "cell": f"weights={name}", "trial": f"w00{len(name)}", "role": "pretrain"}
    base |= {"state": "complete", "weights": name, "data": SOURCE, "task": "patches:cifar10", "seed": 0}
    base |= {"family": "resnet18", "image_size": 32}
    rows = []
    for epoch in range(1, 5):
        score = 0.125 + (PRETEXT[name] - 0.125) * epoch / 4
        for split, less in (("train", 0.05), ("val", 0.0)):
            rows.append(
                base | {"epoch": epoch, "step": 9 * epoch, "split": split, "metric": "accuracy", "score": score - less}
            )
            rows.append(
                base | {"epoch": epoch, "step": 9 * epoch, "split": split, "metric": "loss", "score": 2 - score}
            )
    return [*rows, base | {"epoch": 4, "step": 36, "split": "val", "metric": "chance", "score": 0.125}]


def on_test(df: pd.DataFrame, images: int = 3840) -> pd.DataFrame:
    """The same, but cells as published are validated on the test split and so hold no training images out."""
    published = df["role"] == "published"
    counts = df["train_images"].mask(published & df["train_images"].notna(), images)
    return df.assign(validation=published.map({True: "test", False: "groups"}), train_images=counts).astype(COLUMNS)


def with_counts(df: pd.DataFrame, classes: int = 5, images: int = 20, seed: int = 0) -> pd.DataFrame:
    """The same with the answers of each tested trial, `images` per class; class 1 is often taken for class 2."""
    draw, rows = np.random.default_rng(seed), []
    names = [f"class {number}" for number in range(1, classes + 1)]
    last = df[(df["split"] == "test") & (df["metric"] == "accuracy")].drop_duplicates("trial", keep="last")
    for row in last.to_dict("records"):
        for truth in range(classes):
            wrong = np.full(classes, (1 - row["score"]) / classes)
            wrong[truth] += row["score"] - 0.3 * (truth == 0)
            wrong[1] += 0.3 * (truth == 0)
            answers = draw.multinomial(images, wrong / wrong.sum())
            rows += [
                row | {"metric": "count", "truth": names[truth], "answer": names[answer], "score": float(count)}
                for answer, count in enumerate(answers)
                if count
            ]
    kinds = COLUMNS | {"truth": "string", "answer": "string"}
    counted = pd.DataFrame(rows, columns=list(dict.fromkeys([*df, *kinds]))).astype(kinds)
    return pd.concat([df, counted], ignore_index=True).astype(kinds)


def _name(**compared) -> str:
    return ", ".join(f"{key}={value}" for key, value in compared.items() if value is not None)


def _model(place: int, base: dict, model: str, loss: float, sizes: tuple, draw: np.random.Generator) -> list[dict]:
    role = "published" if "published" in base else "search"
    if model == "nasnet":
        trial = {"trial": f"c{place:03d}", "role": role, "state": "not_run", "error": NO_WEIGHTS}
        return [_config(base, 0, draw) | trial]
    base |= {"ceiling": MODELS[model] - loss}
    searched, repeated, epochs = sizes
    if role == "search":
        return _cell(place, base, searched, repeated, epochs, draw)
    rows = []
    for number in range(repeated):
        trial = _config(base, 0, draw) | {"trial": f"c{place:03d}-r{number:03d}", "role": role, "state": "complete"}
        final = base["ceiling"] + draw.normal(0, 0.01)
        rows += _curve(trial | {"seed": 200 + number}, final, epochs, epochs, draw)
        rows.append(rows[-1] | {"split": "test", "score": final - 0.01})
    return rows


def _noticed(rows: list[dict]) -> list[dict]:
    """Every trial with the hashes of its frozen state, and alarms where statistics drift."""
    for row in rows:
        if row["state"] == "not_run":
            continue
        row |= {"frozen_before": row["trial"], "frozen_after": row["trial"]}
        if "batchnorm" in row["cell"] and row.get("epoch", 0) > 1:
            gap = f"batchnorm_gap: train mode 0.98, eval mode 0.{40 - row['epoch']} on 512 images"
            row["alarms"] = gap + (" | constant_class: all 40 are class 1" if row["trial"].endswith("s001") else "")
    return rows


def frame(rows: list[dict]) -> pd.DataFrame:
    """Rows as a table with every column, in its order and type."""
    _on_workers(rows)
    return pd.DataFrame({name: pd.Series([row.get(name) for row in rows], dtype=COLUMNS[name]) for name in COLUMNS})


def _on_workers(rows: list[dict]) -> None:
    """Assign each trial to one of two workers, one after another, and set the times of its reports."""
    free, assigned = [BEGUN, BEGUN], {}
    for row in rows:
        if row.get("seconds") is None or row["role"] == "pretrain" or "worker" in row:
            continue
        worker, start = assigned.setdefault(row["trial"], (free.index(min(free)), min(free) + START))
        row |= {"worker": f"node:{100 + worker}", "time": start + row["seconds"]}
        free[worker] = max(free[worker], row["time"])


def write(df: pd.DataFrame, folder: Path) -> Path:
    """Write a table to its place in a study's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    df.to_parquet(folder / "table.parquet", index=False)
    return folder


def said(df: pd.DataFrame, folder: Path) -> str:
    """The text of a table's report, after a round trip through the files."""
    assert command.main([str(write(df, folder))]) == 0
    return html.unescape((folder / "report.html").read_text())


def _cell(place: int, base: dict, searched: int, repeated: int, epochs: int, draw: np.random.Generator) -> list[dict]:
    rows, ends = [], []
    for number in range(searched):
        config = _config(base, number, draw)
        final = _final(config, draw)
        state = "complete" if number < 2 or final > np.quantile([end for end, _ in ends], 0.5) else "pruned"
        trial = config | {"trial": f"c{place:03d}-s{number:03d}", "role": "search", "state": state, "seed": number}
        if place == 1 and number == searched - 1:
            rows.append(trial | {"state": "failed", "error": "RuntimeError: CUDA out of memory"})
            continue
        ends.append((final, trial))
        rows += _curve(trial, final, epochs if state == "complete" else 2, epochs, draw)
    best = max((end for end in ends if end[1]["state"] == "complete"), key=lambda end: end[0], default=None)
    for number in range(repeated if best else 0):
        trial = best[1] | {"trial": f"c{place:03d}-r{number:03d}", "role": "replicate", "seed": 100 + number}
        trial["replicate_of"] = best[1]["trial"]
        final = float(np.clip(best[0] - 0.004 + draw.normal(0, 0.006), 0, 1))
        rows += _curve(trial, final, epochs, epochs, draw)
        rows += [rows[-1] | {"split": "test", "metric": "accuracy", "score": final - 0.01}]
    return rows


def _config(base: dict, number: int, draw: np.random.Generator) -> dict:
    lr, decay = (1e-3, 1e-4) if number == 0 else (10 ** draw.uniform(-5, -1), 10 ** draw.uniform(-6, -2))
    fixed = {"data": SOURCE, "family": "resnet18", "weights": "imagenet", "image_size": 32, "optimizer": "adamw"}
    fixed |= {"batch_size": 128, "warmup": 0.05, "label_smoothing": 0.05, "augment": 1.0, "dropout": 0.0}
    depth = {"freeze_depth": 2 if number == 0 else int(draw.integers(0, 6))}
    return fixed | base | {"lr": lr, "weight_decay": decay} | (depth if base["regime"] == "partial_freeze" else {})


def _final(config: dict, draw: np.random.Generator) -> float:
    """A regime's ceiling, lowered by few labels, a rate off its best decade, or a deep freeze."""
    regime, share = config["regime"], config["label_fraction"]
    top = config.get("ceiling", CEILINGS[regime])
    height = top - NEEDS[regime] * -np.log10(share) - 0.03 * config.get("freeze_depth", 0) * share
    off = np.log10(config["lr"]) + (2.5 if regime in ("scratch", "feature_extraction") else 3.2)
    return float(np.clip(height * np.exp(-0.35 * off**2) + draw.normal(0, 0.004), 0.02, 1))


def _curve(trial: dict, final: float, stop: int, epochs: int, draw: np.random.Generator) -> list[dict]:
    rows = []
    for epoch in range(stop + 1):
        level = final if epoch == epochs else 0.02 + (final - 0.02) * (1 - np.exp(-4 * epoch / epochs))
        level = float(np.clip(level + (0 if epoch in (0, epochs) else draw.normal(0, 0.01)), 0, 1))
        at = trial | {"epoch": epoch, "step": epoch * 34, "phase": 0, "trained_on": "gtsrb", "seconds": 2.0 * epoch}
        at["train_images"] = None if trial["regime"] == "zero_shot" else round(IMAGES * trial["label_fraction"])
        for split, metric, score in (("val", "loss", 3.8 * (1 - level)), ("val", "accuracy", level)):
            rows.append(at | {"task": "gtsrb", "split": split, "metric": metric, "score": score})
    return rows
