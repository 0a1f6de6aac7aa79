"""A chain of three tasks, in seconds: animals, kinds, breeds; frozen, or fine-tuned, or without a past."""

from study.space import Space

SPACE = Space(
    task=("animals", "animals/animal", "animals/animal/canines"),
    compared={"regime": ("feature_extraction", "fine_tune", "scratch")},
    fixed={"family": "small_cnn", "weights": "none", "image_size": 16, "batch_size": 16},
    sources={task: {"epochs": 2, "batch_size": 16} for task in ("animals", "animals/animal")},
    trials=1,
    epochs=2,
    replicates=2,
)
