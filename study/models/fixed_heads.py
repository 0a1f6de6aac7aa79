"""Heads without training: a source head that is fitted to a task's labels, and class means of features."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from study.data.device_split import BATCH, Feed, precision
from study.errors import UserError
from study.models.net import Net


class GroupedHead(nn.Module):
    """A source head with merged classes: a task's class gets the summed probability of its source classes."""

    def __init__(self, head: nn.Module, groups: Sequence[Sequence[int]]) -> None:
        """Wrap a head.

        Args:
            head: (batch, features) to (batch, source classes) logits.
            groups: for each class of the task, the numbers of its source classes.
        """
        super().__init__()
        self.head = head
        self.groups = [list(group) for group in groups]

    def forward(self, features: Tensor) -> Tensor:
        """(batch, features) to (batch, classes) logits."""
        logits = self.head(features)
        return torch.stack([logits[:, group].logsumexp(1) for group in self.groups], 1)


def source_head(
    head: nn.Linear, classes: Sequence[str], labels: Mapping[str, Sequence[int]], outputs: int | None
) -> tuple[nn.Module, list[str]]:
    """Fit the source head of pretrained weights to a task's labels.

    Args:
        head: features to source classes.
        classes: of the task.
        labels: class name → numbers of its source classes; used only if every class has an entry.
        outputs: number of outputs, of which the first are the task's classes (padded labels); None is one per class.

    Returns:
        The head, and alarms as `kind: detail`.

    Raises:
        UserError: the source has too few classes.
    """
    count = max(len(classes), outputs or 0)
    if count > head.out_features:
        raise UserError(f"zero_shot: {count} outputs are wanted, and the source head has {head.out_features}")
    if outputs is None and all(name in labels for name in classes):
        return GroupedHead(head, [labels[name] for name in classes]), []
    first = nn.Linear(head.in_features, count)
    with torch.no_grad():
        first.weight.copy_(head.weight[:count])
        first.bias.copy_(head.bias[:count])
    return first, [f"labels_unmapped: class 0 is taken for source class 0, and so on; {count} outputs compete"]


def prototypes(net: Net, feed: Feed, classes: int) -> nn.Linear:
    """Make a head of class means: the class whose mean feature vector is nearest has the largest logit.

    Args:
        net: its stages are used in eval mode.
        feed: training images, at least one of each class.
        classes: number of classes.

    Source: Mensink et al. 2013, doi:10.1109/TPAMI.2013.83; Snell et al. 2017, arXiv:1703.05175, §2.3.
    """
    features = _features(net, feed)
    means = torch.zeros(classes, features.shape[1], device=features.device).index_add_(0, feed.targets, features)
    means /= torch.bincount(feed.targets, minlength=classes).unsqueeze(1)
    head = nn.Linear(features.shape[1], classes, device=features.device)
    with torch.no_grad():  # -½‖x - m‖² is x·m - ½‖m‖², up to a term that all classes share
        head.weight.copy_(means)
        head.bias.copy_(-means.square().sum(1) / 2)
    return head


def _features(net: Net, feed: Feed) -> Tensor:
    net.eval()
    size = BATCH[feed.images.device.type]
    with torch.no_grad(), precision(feed):
        parts = (slice(start, start + size) for start in range(0, len(feed.rows), size))
        return torch.cat([net.features(feed.normalized(feed.pixels(part))).float() for part in parts])
