"""The numbers in a report's sentences that are in none of its tables; see `plain`."""

from collections.abc import Iterator

from tests.analysis.plain import Study, mean, number, percent, score, spread
from tests.analysis.plain_said import SAID
from tests.analysis.plain_tables import lost
from tests.analysis.reader import numbers


def facts(study: Study) -> set[str]:
    """The numbers of sentences that no table has, as they are written."""
    texts = [*_counts(study), *_settings(study), *_curves(study), *_pretrained(study), *_forgotten(study)]
    texts += [sentence for sentences in SAID.values() for sentence in sentences(study)]
    return {written for text in texts for written in numbers(text)}


def _counts(study: Study) -> Iterator[str]:
    trials = study.trials
    yield str(len(study.cells))
    yield str(trials["frozen_before"].notna().sum())
    winners = [best["trial"] for best in map(study.winner, study.cells) if best is not None]
    reads_depth = trials["freeze_depth"].notna()
    for group in (trials, trials[reads_depth]):
        yield from map(str, group["role"].value_counts())
        search = group[group["role"] == "search"]
        yield from map(str, search.loc[~search["trial"].isin(winners), "state"].value_counts())
        yield str(search["trial"].isin(winners).sum())


def _settings(study: Study) -> Iterator[str]:
    """The trials' hyperparameters, their images and the source of these."""
    yield from study.df["data"].dropna().unique()
    settings = study.trials.loc[:, "family":"batchnorm_epsilon"]
    yield from (number(value) for name in settings for value in settings[name].dropna().unique())
    yield from map(percent, study.trials["label_fraction"].dropna().unique())
    yield from map(str, study.own["train_images"].dropna().unique())


def _curves(study: Study) -> Iterator[str]:
    """Where the mean curves of the replicates end."""
    for cell in study.cells:
        trials = study.again(cell)["trial"]
        yield spread(mean(study.last("val", study.metric)[trials]), study.metric)
        yield spread(mean(study.last("val", "loss")[trials], 0, 1e9), "loss")


def _pretrained(study: Study) -> Iterator[str]:
    """The accuracy on pretext tasks, by chance too, and the skill above chance."""
    validated = study.df[study.first & (study.df["split"] == "val")].sort_values("epoch")
    last = validated.groupby(["weights", "trial", "metric"])["score"].last().unstack("metric")
    for _, trainings in last.groupby("weights") if len(last) else ():
        accuracy, by_chance = trainings["accuracy"].mean(), trainings["chance"].iloc[0]
        yield from (score(accuracy, "accuracy"), score(by_chance, "accuracy"), str(len(trainings)))
        yield f"{(accuracy - by_chance) / (1 - by_chance):.2f}"


def _forgotten(study: Study) -> Iterator[str]:
    """The parts of forgetting, differences of two cells by seed, and where curves of earlier tasks end."""
    earlier = study.df[study.earlier]
    for task in earlier["task"].unique():
        losses = {cell: lost(study, cell, task, "accuracy").set_index("seed") for cell in study.cells}
        for cell, parts in losses.items():
            yield from (spread(mean(parts[name], -1, 1), "accuracy") for name in ("forgetting", "weights", "batchnorm"))
            for other in losses.values():
                yield spread(mean((parts["forgetting"] - other["forgetting"]).dropna(), -1, 1), "accuracy")
            rows = earlier[(earlier["task"] == task) & earlier["trial"].isin(study.again(cell)["trial"])]
            for metric in ("accuracy", "accuracy_own_batchnorm"):
                curve = rows[(rows["split"] == "val") & (rows["metric"] == metric)].sort_values("epoch")
                yield spread(mean(curve.groupby("trial")["score"].last()), "accuracy")
