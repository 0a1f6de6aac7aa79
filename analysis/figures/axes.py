"""Which values of a hyperparameter belong on a logarithmic axis, which the table does not say, and what is named there.

Knows numbers; knows nothing of trials or figures.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import LogLocator, MaxNLocator

DECADES = 1.0  # that positive values must span
FEW = 1.5  # decades below which powers of ten alone would leave an axis nearly without numbers


def logarithmic(values: pd.Series) -> bool:
    """Whether they are numbers above 0 that span more than `DECADES`; empty ones are left out."""
    found = values.dropna()
    if not pd.api.types.is_float_dtype(found) or found.empty or found.min() <= 0:
        return False
    return bool(np.log10(found.max() / found.min()) > DECADES)


class Ticks(LogLocator):
    """Ticks at powers of ten; on few decades at 3 times these too, or where that is one, at round numbers."""

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """The places of the ticks of an axis from `vmin` to `vmax`."""
        if vmin <= 0 or np.log10(vmax / vmin) >= FEW:
            return super().tick_values(vmin, vmax)
        powers = 10.0 ** np.arange(np.floor(np.log10(vmin)), np.ceil(np.log10(vmax)) + 1)
        found = np.sort([*powers, *(3 * powers)])
        several = ((found >= vmin) & (found <= vmax)).sum() > 1
        return list(found) if several else MaxNLocator(4).tick_values(vmin, vmax)
