"""Pixels -> images -> TTA views, as operations of Keras, so that an exported model has them.

Networks react to single grey levels. Where the pipeline computes with whole numbers, so do these,
rounded as OpenCV rounds them.
"""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.images.resize import to_images
from pipeline.images.views import make_views
from pipeline.networks.backend import keras
from pipeline.runs.record import Data

ops = keras.ops

Indices = npt.NDArray[np.int32]
Shares = npt.NDArray[np.float32]
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601
WHOLE_LUMINANCE = (9798, 19235, 3735)  # the same in OpenCV, of 32,768
STEPS = 2048  # a share of a pixel is a multiple of 1 / STEPS where pixels are whole
PROBES = 32  # images at a time: in larger batches, coordinates have fewer digits


def to_model_images(pixels: Any, data: Data, image_shape: tuple[int, int, int]) -> Any:
    """Pixels (n, pixels) -> (n, height, width, channels), as `runs.inputs.prepare` makes them."""
    height, width, channels = image_shape
    whole = data.dtype == "uint8"
    numbers = np.arange(data.pixels, dtype=np.float32)
    images = to_images(numbers[None], data.shape, data.planes, data.transpose)
    order = images.ravel().astype(np.int32)
    if not np.array_equal(order, numbers):
        pixels = ops.take(pixels, order, axis=1)
    images = ops.reshape(pixels, (-1, *data.shape))
    if channels == 1 and data.shape[2] == 3:
        images = _to_grey(images, whole)
    if data.shape[:2] != (height, width):
        images = _enlarge(images, height, width, whole)
    return ops.repeat(images, 3, axis=3) if channels == 3 and data.shape[2] == 1 else images


def to_views(images: Any, shifts: int, angles: int, whole: bool) -> Any:
    """Images (n, ...) -> (n * views, ...): the views of `make_views`, image by image.

    Args:
        whole: whether pixels are whole numbers.
    """
    if shifts * angles == 1:
        return images
    height, width, channels = images.shape[1:]
    sources, shares = _views(height, width, shifts, angles)
    flat = ops.reshape(images, (-1, height * width, channels))
    views = ops.take(flat, sources[0], axis=1)
    if angles > 1:  # else each pixel has one source
        views = views * shares[0][:, None]
        for source, share in zip(sources[1:], shares[1:], strict=True):
            views = views + ops.take(flat, source, axis=1) * share[:, None]
        views = ops.round(views) if whole else views
    return ops.reshape(views, (-1, height, width, channels))


def _to_grey(images: Any, whole: bool) -> Any:
    weights = np.array(WHOLE_LUMINANCE if whole else LUMINANCE, np.float32)
    grey = ops.sum(images * weights, axis=3, keepdims=True)
    return ops.floor((grey + 16384) / 32768) if whole else grey


def _enlarge(images: Any, height: int, width: int, whole: bool) -> Any:
    """Bilinear interpolation, across and then down."""
    left, right, rest, share = _neighbours(images.shape[2], width, whole)
    rest, share = rest[:, None], share[:, None]
    across = ops.take(images, left, axis=2) * rest + ops.take(images, right, axis=2) * share
    above, below, rest, share = _neighbours(images.shape[1], height, whole)
    rest, share = rest[:, None, None], share[:, None, None]
    if not whole:
        return ops.take(across, above, axis=1) * rest + ops.take(across, below, axis=1) * share
    # OpenCV keeps 7 bits after the point across, and 2 bits of each of the two rows.
    across = ops.floor(across * 128)
    upper = ops.floor(ops.take(across, above, axis=1) * (rest / 32))
    lower = ops.floor(ops.take(across, below, axis=1) * (share / 32))
    return ops.floor((upper + lower + 2) / 4)


def _neighbours(side: int, target: int, whole: bool) -> tuple[Indices, Indices, Shares, Shares]:
    """For each of `target` pixels the two of `side` that it lies between, and their shares."""
    position = (np.arange(target) + 0.5) * side / target - 0.5
    first = np.floor(position).astype(np.int32)
    share = position - first
    if whole:
        share = np.rint(share * STEPS) / STEPS
    limits = 0, side - 1
    shares = (1 - share).astype(np.float32), share.astype(np.float32)
    return first.clip(*limits), (first + 1).clip(*limits), *shares


@cache
def _views(height: int, width: int, shifts: int, angles: int) -> tuple[Indices, Shares]:
    """Where the pixels of all views come from: (terms, pixels of views) sources and shares.

    They are found by making the views of images with a single bright pixel.
    """
    pixels = height * width
    found = []
    for first in range(0, pixels, PROBES):
        bright = np.arange(first, min(first + PROBES, pixels))
        probes = np.zeros((len(bright), pixels), np.float32)
        probes[np.arange(len(bright)), bright] = 1
        views = list(make_views(probes.reshape(-1, height, width, 1), shifts, angles))
        seen = np.stack(views, axis=1).reshape(len(bright), -1)
        probe, target = np.nonzero(seen)
        found.append((target, first + probe, seen[probe, target]))
    targets, sources, shares = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(targets, kind="stable")
    targets, sources, shares = targets[order], sources[order], shares[order]
    counts = np.bincount(targets, minlength=shifts * angles * pixels)
    terms = np.arange(len(targets)) - np.repeat(counts.cumsum() - counts, counts)
    table = np.zeros((counts.max(), len(counts)), np.int32)
    weights = np.zeros(table.shape, np.float32)
    table[terms, targets], weights[terms, targets] = sources, shares
    return table, weights
