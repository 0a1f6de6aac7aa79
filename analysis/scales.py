"""Whether values of a hyperparameter belong on a logarithmic axis, which the table does not say.

Knows numbers; knows nothing of trials or figures.
"""

import numpy as np
import pandas as pd

DECADES = 1.0  # that positive values must span


def logarithmic(values: pd.Series) -> bool:
    """Whether they are numbers above 0 that span more than `DECADES`; empty ones are left out."""
    found = values.dropna()
    if not pd.api.types.is_float_dtype(found) or found.empty or found.min() <= 0:
        return False
    return bool(np.log10(found.max() / found.min()) > DECADES)
