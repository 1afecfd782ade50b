"""What a run was made with: versions, processor, threads, precision."""

import platform
from importlib.metadata import version
from typing import Any

import keras

from pipeline.machine import cores, processor

PACKAGES = ("keras", "tensorflow", "numpy", "opencv-python-headless")


def describe_environment() -> dict[str, Any]:
    """Versions, processor and threads, as run.json holds them."""
    return {
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
        "backend": keras.backend.backend(),
        "precision": keras.config.dtype_policy().name,
        "processor": processor(),
        "threads": len(cores()),
    }
