"""Imports Keras: without log output of its backend, with freed memory kept for reuse.

Other modules import Keras from here.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal

from pipeline.errors import PipelineError
from pipeline.interrupts import delay_interrupts
from pipeline.machine import bfloat16_is_faster, core_count, keep_memory

__all__ = [
    "describe",
    "gpu_model",
    "gpu_names",
    "keras",
    "policy",
    "resolve_precision",
    "silence",
    "threads",
    "use_precision",
    "uses_accelerator",
]

BACKENDS = ("tensorflow", "torch", "jax")
THREADS = "TF_NUM_INTRAOP_THREADS"  # TensorFlow's own environment variable
AMPERE = (8, 0)  # the first NVIDIA GPUs with instructions for bfloat16
MAX_THREADS = 4  # more do not speed up networks of this size


@contextmanager
def silence() -> Iterator[None]:
    """Buffers what native code writes to standard error, and shows it if the block fails."""
    with ExitStack() as stack:
        try:
            log = stack.enter_context(tempfile.TemporaryFile())
        except OSError:  # the disk is full
            yield
            return
        sys.stderr.flush()
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


if os.environ.get("KERAS_BACKEND", "tensorflow") not in BACKENDS:
    raise PipelineError(
        f"unknown backend {os.environ['KERAS_BACKEND']!r}",
        where="KERAS_BACKEND",
        expected=f"one of {', '.join(BACKENDS)}",
    )
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow leaves oneDNN's convolutions off on processors without AVX-512, although they are
# 1.5 times as fast there too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
# Several trainings can share a GPU. Otherwise the first one would take all or most of its memory.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # of JAX
os.environ.setdefault(THREADS, str(min(MAX_THREADS, core_count())))
os.environ.setdefault("OMP_NUM_THREADS", os.environ[THREADS])  # for torch
# A filter, because in a notebook TensorFlow sets the level of its logger itself.
logging.getLogger("tensorflow").addFilter(lambda record: record.levelno >= logging.ERROR)
keep_memory()
with delay_interrupts(), silence():  # an import that is cut can fail in other ways
    try:
        import keras
    except ModuleNotFoundError as error:
        raise PipelineError(
            f"the backend {os.environ.get('KERAS_BACKEND', 'tensorflow')} is not installed "
            f"({error})",
            where="KERAS_BACKEND",
            remedy="Install it, or use another backend.",
        ) from None


def uses_accelerator() -> bool:
    """Whether the backend trains on something other than the CPU."""
    with silence():
        device = keras.ops.convert_to_tensor(0.0).device
    return "cpu" not in str(device).lower()


def gpu_names() -> tuple[str, ...]:
    """The GPUs that the backend trains on, as CUDA_VISIBLE_DEVICES names them; none on a CPU.

    Backends other than TensorFlow use one GPU, or one accelerator of another kind.
    """
    if not uses_accelerator():
        return ()
    count = len(_gpu_details()) or 1
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else map(str, range(count))
    return tuple(name.strip() for name in names)[:count]


def gpu_model() -> str | None:
    """The model of the first GPU that the backend trains on, if there is one."""
    if not uses_accelerator():
        return None
    return next((each.get("device_name") for each in _gpu_details()), None) or "unknown"


def _gpu_details() -> list[dict[str, Any]]:
    """What TensorFlow knows of each GPU: device_name, compute_capability. Empty without it."""
    if keras.backend.backend() != "tensorflow":
        return []
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(each) for each in gpus]


def policy(precision: str) -> str:
    """The name of Keras' dtype policy.

    Args:
        precision: "float32", "bfloat16" (weights and probabilities stay float32), or "auto".
    """
    return {"float32": "float32", "bfloat16": "mixed_bfloat16"}[resolve_precision(precision)]


@contextmanager
def use_precision(precision: str) -> Iterator[None]:
    """Layers that are made in the block compute in this precision, see `policy`."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy(precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def resolve_precision(precision: str) -> Literal["float32", "bfloat16"]:
    """ "float32" or "bfloat16"; for "auto" bfloat16 where it is known to be faster."""
    if precision != "auto":
        return "bfloat16" if precision == "bfloat16" else "float32"
    return auto_precision()[0]


def auto_precision() -> tuple[Literal["float32", "bfloat16"], str]:
    """The precision that "auto" chooses, and why."""
    if uses_accelerator():
        if any(each.get("compute_capability", AMPERE) < AMPERE for each in _gpu_details()):
            return "float32", "the GPU has no instructions for bfloat16"
        return "bfloat16", "an accelerator does the work"
    if keras.backend.backend() != "tensorflow":
        return "float32", "only TensorFlow computes in bfloat16 on processors"
    if bfloat16_is_faster():
        return "bfloat16", "the processor is faster in it"
    return "float32", "the processor is not faster in bfloat16"


def describe() -> dict[str, Any]:
    """The backend, its CPU threads and GPUs, and the precision that "auto" chooses and why."""
    precision, reason = auto_precision()
    return {
        "backend": keras.backend.backend(),
        "threads": threads(),
        "gpus": list(keras.distribution.list_devices("gpu")),
        "precision": precision,
        "reason": reason,
    }


def threads() -> int:
    """The number of CPU threads that this process computes with. Results depend on it.

    All cores up to MAX_THREADS, or the environment variable THREADS; it does not depend on how
    many trainings run in parallel.
    """
    return int(os.environ[THREADS])
