"""What a run was made with: versions, processor, threads, precision."""

import platform
import sys
from importlib.metadata import version
from typing import Any

import keras

from pipeline.machine import cores, processor

PACKAGES = ("keras", "numpy", "opencv-python-headless")


def describe_environment() -> dict[str, Any]:
    """Versions, processor and threads, as run.json holds them."""
    backend = keras.backend.backend()
    # TensorFlow is installed as one of several packages: the imported module knows its version.
    packages = {backend: sys.modules[backend].__version__}
    return {
        "python": platform.python_version(),
        "packages": packages | {package: version(package) for package in PACKAGES},
        "backend": backend,
        "precision": keras.config.dtype_policy().name,
        "processor": processor(),
        "threads": len(cores()),
    }
