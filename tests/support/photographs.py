"""Draws pictures that are as rich in detail as photographs, by coloured noise of all sizes."""

import numpy as np
from PIL import Image


def photograph(seed: int, wide: int = 160, high: int = 120) -> Image.Image:
    """Draw noise whose power falls with the square of the frequency, as a photograph's does."""
    random = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(high)[:, None] * high, np.fft.rfftfreq(wide) * wide
    noise = np.fft.rfft2(random.normal(size=(3, high, wide))) / np.sqrt(down**2 + across**2 + 1)
    values = np.fft.irfft2(noise, (high, wide)).transpose(1, 2, 0)
    return Image.fromarray((128 + 50 * (values - values.mean()) / values.std()).clip(0, 255).astype(np.uint8))
