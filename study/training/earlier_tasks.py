"""Tasks that a network learnt before: what it still scores on them, with the heads that they were learnt with.

Forgetting is a question that is asked of these scores. Knows nothing of training, or of how a task was learnt.
"""

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from study.models import families, weights
from study.models.earlier import Earlier
from study.models.net import Net
from study.training import evaluation, metrics, setup

OWN_BATCHNORM, BEFORE = metrics.ENDINGS
"""Endings of metrics: with the BatchNorm buffers of when the task had been learnt; with all of the network of then."""


class EarlierScores:
    """A task that was learnt, ready to be scored on what the network is now."""

    def __init__(self, earlier: Earlier, device: str) -> None:
        """Put its splits, its head and the network of then on the device."""
        self.data = earlier.data
        self._feeds = setup.feeds(earlier.config, families.of(earlier.config), earlier.data, device)
        self._head = earlier.head().to(device)
        self._then = {name: each.to(device) for name, each in weights.tensors(earlier.entry).items()}
        self._buffers = {name: self._then[name] for name in earlier.batchnorm()}
        self._scored_then: dict[str, dict[str, float]] = {}

    def scores(self, net: Net, last: bool) -> dict[tuple[str, str], float]:
        """Score the network; it is left as it was, in eval mode.

        Args:
            net: whose stages are those of then, however they have changed.
            last: whether the trial ends here: the test is opened then, if it may be, and the network of then scored.

        Returns:
            By split and metric: each metric of the task; with `OWN_BATCHNORM` but for the loss; at the end with
            `BEFORE`. All three are equal, to the bit, where nothing has changed.
        """
        found: dict[tuple[str, str], float] = {}
        for split in ("val", "test") if last and "test" in self._feeds else ("val",):
            for ending, changed in (("", {}), (OWN_BATCHNORM, self._buffers), (BEFORE, self._then if last else None)):
                if changed is None:
                    continue
                with _holding(net, changed):
                    told = self._score(net, split)
                found |= {(split, name + ending): score for name, score in told.items() if not ending or name != "loss"}
        return found

    def _score(self, net: Net, split: str) -> dict[str, float]:
        now = net.stages.state_dict()
        as_then = all(torch.equal(now[name], each) for name, each in self._then.items())
        if as_then and split in self._scored_then:
            return self._scored_then[split]
        feed, names = self._feeds[split], (self.data.metric, *self.data.also, "loss")
        logits = evaluation.predict(net.with_head(self._head), feed)
        told = evaluation.score(logits, feed.targets.cpu().numpy(), names)
        if as_then:
            self._scored_then[split] = told
        return told


@contextlib.contextmanager
def _holding(net: Net, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Let a network's stages hold other values for a while."""
    now = net.stages.state_dict()
    kept = {name: now[name].clone() for name in tensors}
    try:
        _fill(now, tensors)
        yield
    finally:
        _fill(now, kept)


def _fill(now: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, each in tensors.items():
            now[name].copy_(each)
