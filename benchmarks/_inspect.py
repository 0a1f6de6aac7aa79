"""`python -m benchmarks._inspect DATA`: inspects a data set once, and prints how long that took and what it found.

`benchmarks.inspection` starts it, so that its memory is its own and it can be killed.
"""

import json
import sys
import time
from pathlib import Path

from study.data.tasks import folder


def main(data: Path) -> None:
    """Inspect, and print the figures."""
    began = time.perf_counter()
    seen = folder.inspect(data)
    figures = {"seconds": time.perf_counter() - began, "images": len(seen.looks), "near": len(seen.near)}
    print(json.dumps(figures | {"problems": [*seen.problems]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
