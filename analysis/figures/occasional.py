"""Figures of some studies only: of weights that were trained first, of chains, of versions, of classes.

Knows the modules that draw; knows nothing of panels, pages or files.
"""

from analysis.figures import confusion as confusion_figures
from analysis.figures import forgetting, pretraining, versions
from analysis.figures.registry import Kind
from analysis.numbers import confusion

OF_PRETRAINING = (
    Kind(
        "pretext",
        "Pretraining",
        pretraining.data,
        pretraining.plot,
        pretraining.caption,
        pretraining.alt,
        False,
        "no weights were trained first",
    ),
    Kind(
        "pretext-and-transfer",
        "Skill at the pretext and transfer",
        pretraining.transfer_data,
        pretraining.transfer_plot,
        pretraining.transfer_caption,
        pretraining.transfer_alt,
        False,
        "no cell that starts from weights trained first has a test score yet",
    ),
)
"""Figures of a table's rows of role `pretrain`; their data functions take what `report` says."""
OF_CHAINS = (
    Kind(
        "forgetting",
        "What was forgotten",
        forgetting.data,
        forgetting.plot,
        forgetting.caption,
        forgetting.alt,
        True,
        forgetting.NONE,
        forgetting.height,
    ),
    Kind(
        "forgetting-curves",
        "Forgetting by epoch",
        forgetting.curves_data,
        forgetting.curves_plot,
        forgetting.curves_caption,
        forgetting.curves_alt,
        True,
        "no replicate has a validation score on an earlier task yet",
    ),
)
"""Figures of rows of earlier tasks; their data functions take a study's whole table."""
OF_VERSIONS = (
    Kind(
        "versions",
        "As published and corrected",
        versions.data,
        versions.plot,
        versions.caption,
        versions.alt,
        True,
        "no two versions of a cell have been scored on test",
        versions.height,
    ),
)
"""Figures of a study that compares versions; their data functions take its trials."""
OF_CLASSES = (
    Kind(
        "confusion",
        "Which classes are taken for which",
        confusion_figures.data,
        confusion_figures.plot,
        confusion_figures.caption,
        confusion_figures.alt,
        True,
        f"{confusion_figures.NONE}, or of more than {confusion_figures.MOST} classes",
        confusion_figures.height,
    ),
    Kind(
        "classes",
        "Recall and precision by class",
        confusion.scores,
        confusion_figures.classes_plot,
        confusion_figures.classes_caption,
        confusion_figures.classes_alt,
        False,
        confusion_figures.NONE,
    ),
)
"""Figures of rows that count answers; their data functions take a study's whole table."""
