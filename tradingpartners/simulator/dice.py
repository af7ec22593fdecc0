"""Where all chance comes from: what varies follows from a seed and from nothing else."""

import random


def dice(*seed: object) -> random.Random:
    """Equal seeds give equal sequences, in every process and on every machine."""
    return random.Random("/".join(str(part) for part in seed))  # noqa: S311 - simulation, no secret
