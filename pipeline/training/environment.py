"""What a run was trained with: versions, processor, threads, precision."""

import platform
from importlib.metadata import PackageNotFoundError, version

from pipeline import __version__
from pipeline.machine import processor
from pipeline.networks.backend import keras, policy, threads
from pipeline.runs.record import Environment

PACKAGES = ("keras", "tensorflow", "tensorflow-cpu", "torch", "jax", "numpy")


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
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
