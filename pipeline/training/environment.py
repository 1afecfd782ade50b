"""What a run was made with: versions, processor, threads, precision."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras

from pipeline.training.engine import cores

PACKAGES = ("keras", "tensorflow", "numpy", "opencv-python-headless")


def describe_environment() -> dict[str, Any]:
    """Versions, processor and threads, as run.json holds them."""
    return {
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
        "backend": keras.backend.backend(),
        "precision": keras.config.dtype_policy().name,
        "processor": _processor(),
        "threads": len(cores()),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
