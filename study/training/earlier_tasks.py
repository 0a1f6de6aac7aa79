"""Scores of a network on tasks that it learnt earlier, each with the head that was trained for it.

Forgetting is computed from these scores elsewhere. Knows nothing of the training loop, or of how a task was learnt.
"""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from study.models import families, tuning, weights
from study.models.earlier import Earlier
from study.models.net import Net
from study.training import evaluation, metrics, setup

OWN_BATCHNORM, BEFORE = metrics.ENDINGS
"""Endings of metrics, scored with the BatchNorm buffers or with the whole network saved when the task was learnt."""


class EarlierScores:
    """Scores an earlier task on the current network."""

    def __init__(self, earlier: Earlier, device: str) -> None:
        """Put the task's splits, its head and its saved network on the device."""
        self.data = earlier.data
        self._feeds = setup.feeds(earlier.config, families.of(earlier.config), earlier.data, device)
        self._head = earlier.head().to(device)
        self._saved = {name: tensor.to(device) for name, tensor in weights.tensors(earlier.entry).items()}
        self._buffers = {name: self._saved[name] for name in earlier.batchnorm()}
        self._scores_of_saved: dict[str, dict[str, float]] = {}

    def scores(self, net: Net, last: bool) -> dict[tuple[str, str], float]:
        """Score the network, and leave it as it was, in eval mode.

        Args:
            net: has the stages of the saved network, whatever their values are now.
            last: whether the trial ends here. Only then are the saved network and an open test split scored.

        Returns:
            Score by split and metric: each metric of the task; those with `OWN_BATCHNORM`, without the loss; and at
            the end those with `BEFORE`. All three are equal, to the bit, where nothing has changed.
        """
        scores: dict[tuple[str, str], float] = {}
        variants: list[tuple[str, dict[str, Tensor]]] = [("", {}), (OWN_BATCHNORM, self._buffers)]
        if last:
            variants.append((BEFORE, self._saved))
        for split in ("val", "test") if last and "test" in self._feeds else ("val",):
            for ending, replaced in variants:
                with _holding(net, replaced):
                    by_metric = self._score(net, split)
                scores |= {
                    (split, name + ending): score for name, score in by_metric.items() if not ending or name != "loss"
                }
        return scores

    def _score(self, net: Net, split: str) -> dict[str, float]:
        now = tuning.merged(net.stages)
        as_saved = all(torch.equal(now[name], tensor) for name, tensor in self._saved.items())
        if as_saved and split in self._scores_of_saved:
            return self._scores_of_saved[split]
        feed, names = self._feeds[split], (self.data.metric, *self.data.also, "loss")
        logits = evaluation.predict(net.with_head(self._head), feed)
        scores = evaluation.score(logits, feed.targets.cpu().numpy(), names)
        if as_saved:
            self._scores_of_saved[split] = scores
        return scores


@contextlib.contextmanager
def _holding(net: Net, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Replace values of a network's stages inside the context, and restore them after it.

    A weight that is replaced has no low-rank addition meanwhile.
    """
    now = {tuning.plain_name(name): tensor for name, tensor in net.stages.state_dict().items()}
    additions = {name: tensor for weight, (name, tensor) in tuning.additions(net.stages).items() if weight in tensors}
    replaced = {**tensors, **{name: torch.zeros_like(tensor) for name, tensor in additions.items()}}
    originals = {name: now[name].clone() for name in replaced}
    try:
        _fill(now, replaced)
        yield
    finally:
        _fill(now, originals)


def _fill(now: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in tensors.items():
            now[name].copy_(tensor)
