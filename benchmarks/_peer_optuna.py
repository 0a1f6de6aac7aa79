"""`python -m benchmarks._peer_optuna TASK.json`: a plain Optuna study with a pruner and one thread a core.

Each trial builds its own data set and network, as in Optuna's PyTorch example. Source:
https://github.com/optuna/optuna-examples/blob/main/pytorch/pytorch_simple.py
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import optuna
import torch

from benchmarks import _peer


def main() -> int:
    """Run the study and write what was scored."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    sampler = optuna.samplers.TPESampler(seed=task["seed"])
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=task["grace"], reduction_factor=task["factor"])
    study = optuna.create_study(direction="maximize", sampler=sampler, pruner=pruner)
    for _ in range(min(len(task["depths"]), task["trials"])):
        study.enqueue_trial(task["baseline"])
    jobs = 2 if torch.cuda.is_available() else len(os.sched_getaffinity(0))
    study.optimize(lambda trial: _objective(trial, task), n_trials=task["trials"], n_jobs=jobs)
    Path(task["out"]).write_text(json.dumps([trial.user_attrs for trial in study.trials]), encoding="utf-8")
    return 0


def _objective(trial: optuna.Trial, task: _peer.Task) -> float:
    config: dict[str, Any] = {
        name: trial.suggest_float(name, low, high, log=True) for name, (low, high) in task["tuned"].items()
    }
    config["freeze_depth"] = _peer.depth(task, trial.number)
    reports = []
    for scores in _peer.epochs(task, config):
        reports.append(scores)
        trial.set_user_attr("epochs", reports)
        trial.set_user_attr("config", config)
        trial.set_user_attr("number", trial.number)
        trial.report(scores["accuracy"], int(scores["epoch"]))
        if scores["epoch"] < task["epochs"] and trial.should_prune():
            raise optuna.TrialPruned
    return scores["accuracy"]


if __name__ == "__main__":
    sys.exit(main())
