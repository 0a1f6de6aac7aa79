"""Names what the animals' stand-in draws and where in its hierarchy. Knows nothing of scenes, pixels or splits."""

from collections.abc import Callable

import numpy as np

from study.tasks._drawing import Picture
from study.tasks._objects_drawn import OBJECTS
from study.tasks._pets_drawn import cat, dog

KINDS: dict[tuple[str, ...], Callable[[np.random.Generator], Picture]] = {
    ("animal", "canines", "sitting"): dog,
    ("animal", "canines", "standing"): OBJECTS["dog"],
    ("animal", "felines", "sitting"): cat,
    ("animal", "felines", "round"): OBJECTS["cat"],
    **{("other", name): OBJECTS[name] for name in ("airplane", "automobile", "ship", "truck")},
}
"""Place in the hierarchy → what draws one picture of it."""
