"""Random streams, derived by name from one seed."""

import hashlib


def stream(seed: int, *names: str | int) -> int:
    """Derive the seed of a named stream; adding a stream never moves another.

    Args:
        seed: of the study or the trial.
        *names: the path of the stream, e.g. `"order", epoch`.

    Returns:
        An integer in [0, 2**32), valid as a seed for numpy, torch and Optuna.

    Source: Gulrajani & Lopez-Paz 2020, arXiv:2007.01434 (DomainBed), which derives its seeds from names the same way.
    """
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
