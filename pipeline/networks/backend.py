"""Imports Keras and its backend, without their chatter and with memory that is kept for reuse."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.machine import has_bfloat16, keep_memory


@contextmanager
def _silence() -> Iterator[None]:
    """Keeps back what native code writes to standard error, and shows it if the block fails."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)
        try:
            yield
        except BaseException:
            chatter.seek(0)
            os.write(kept, chatter.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow leaves oneDNN's convolutions off where a processor has no AVX-512, though they are
# half as fast again there too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
logging.getLogger("tensorflow").setLevel(logging.ERROR)
keep_memory()
with _silence():
    import keras


def uses_accelerator() -> bool:
    """Whether the backend trains on something else than the processor."""
    with _silence():
        place = keras.ops.convert_to_tensor(0.0).device
    return "cpu" not in str(place).lower()


def policy(precision: str) -> str:
    """Keras' name for a recipe's precision: float32, or mixed_bfloat16, whose weights and
    probabilities are float32 too.

    Args:
        precision: "float32", "bfloat16", or "auto": bfloat16 where that is known to be faster.
    """
    if precision == "auto":
        fast = uses_accelerator() or (keras.backend.backend() == "tensorflow" and has_bfloat16())
        precision = "bfloat16" if fast else "float32"
    return {"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision]
