"""Damages files: flipped bits, truncations."""

from collections.abc import Iterator

import numpy as np


def flips(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """The content with one bit flipped, at random places that differ."""
    random = np.random.default_rng(seed)
    for bit in random.choice(8 * len(content), min(count, 8 * len(content)), replace=False):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << (bit % 8)
        yield bytes(damaged)


def truncations(content: bytes, count: int, seed: int = 0) -> Iterator[bytes]:
    """Beginnings of the content, of random lengths: the empty one first, all but a byte last."""
    random = np.random.default_rng(seed)
    between = random.choice(len(content), min(count, len(content)), replace=False)
    for length in [0, *sorted(set(between.tolist()))[1:-1], len(content) - 1]:
        yield content[:length]
