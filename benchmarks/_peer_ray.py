"""`python -m benchmarks._peer_ray TASK.json`: the Ray Tune tutorial's pattern, with OptunaSearch and ASHA.

Each trial is a process that builds its own data set and network, one a CPU (or a GPU). Source:
https://docs.ray.io/en/latest/tune/examples/tune-pytorch-cifar.html
"""

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from benchmarks import _peer


def main() -> int:
    """Run the study and write what was scored; 1 where a trial failed."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    ray.init(address="local")  # not one that somebody else has started
    resources: dict[str, float] = {"cpu": 1, "gpu": 1} if ray.cluster_resources().get("GPU") else {"cpu": 1}
    baseline = [task["baseline"]] * min(len(task["depths"]), task["trials"])
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(_train, task=task), resources),
        tune_config=tune.TuneConfig(
            metric="accuracy",
            mode="max",
            num_samples=task["trials"],
            search_alg=OptunaSearch(
                partial(_space, task),
                metric="accuracy",
                mode="max",
                points_to_evaluate=baseline,
                seed=task["seed"],
            ),
            scheduler=ASHAScheduler(max_t=task["epochs"], grace_period=task["grace"], reduction_factor=task["factor"]),
        ),
        run_config=tune.RunConfig(storage_path=str(Path(task["out"]).parent / "tune"), verbose=1),
    )
    results = tuner.fit()
    Path(task["out"]).write_text(
        json.dumps([_trial(results[number]) for number in range(len(results))]), encoding="utf-8"
    )
    return 1 if results.num_errors else 0


def _train(config: dict[str, Any], task: _peer.Task) -> None:
    for scores in _peer.epochs(task, config):
        tune.report(scores)


def _space(task: _peer.Task, trial: Any) -> dict[str, int]:
    for name, (low, high) in task["tuned"].items():
        trial.suggest_float(name, low, high, log=True)
    return {"freeze_depth": _peer.depth(task, trial.number), "number": trial.number}


def _trial(result: Any) -> dict[str, Any]:
    reports = result.metrics_dataframe[["epoch", "accuracy", "loss", "begun"]].to_dict("records")
    return {"config": result.config, "number": result.config["number"], "epochs": reports}


if __name__ == "__main__":
    sys.exit(main())
