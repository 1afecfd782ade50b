"""What a run was trained with: versions, processor, threads, precision."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from pipeline import __version__
from pipeline.machine import processor
from pipeline.networks.backend import keras, policy, threads
from pipeline.runs.record import Environment

PACKAGES = (
    "keras", "tensorflow", "tensorflow-cpu", "torch", "jax", "numpy", "opencv-python-headless"
)  # fmt: skip
# Variables that change how something is computed.
VARIABLES = ("CUDA_VISIBLE_DEVICES", "ONEDNN_MAX_CPU_ISA", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS")


def describe_environment(precision: str) -> Environment:
    """The environment of a training in this process with that precision."""
    return Environment(
        pipeline=__version__,
        python=platform.python_version(),
        packages={name: found for name in PACKAGES if (found := _version(name))},
        backend=keras.backend.backend(),
        precision=policy(precision),
        processor=processor(),
        threads=threads(),
        variables={name: os.environ[name] for name in VARIABLES if name in os.environ},
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
