"""Checks the installation and the machine, for `pipeline doctor`.

What is broken becomes a line, never an exception; only the standard library is imported before
it is checked.
"""

import json
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from pipeline import __version__
from pipeline.installation.imports import find_failures, reason, run_python

DISTRIBUTION = "pixel-pipeline"
PYTHON = (3, 11), (3, 14)  # the first version that works, and the first that does not
MIN_DISK = 200 << 20  # bytes
MIN_MEMORY = 2 << 30  # bytes
MODULES = {"opencv-python-headless": "cv2", "scikit-learn": "sklearn"}  # of other names
OPTIONAL_BACKENDS = ("torch", "jax")
REINSTALL = "Install the locked versions: `make install`, or `uv sync --extra cpu`."
DESCRIBE = (
    "import json; from pipeline.networks.backend import describe; print(json.dumps(describe()))"
)
NVIDIA = Path("/proc/driver/nvidia/version")
FEATURES = {
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f",),
    "bfloat16": ("avx512_bf16", "amx_bf16", "bf16"),
    "AMX": ("amx_tile",),
}


@dataclass(frozen=True)
class Check:
    """One line of the result.

    Attributes:
        status: "broken" parts keep commands from working; a "warning" does not.
        found: what was found, such as a version.
        remedy: what to do about it; empty if it is ok.
    """

    name: str
    status: Literal["ok", "warning", "broken"]
    found: str
    remedy: str = ""


def check_installation(runs: Path, submissions: Path) -> list[Check]:
    """Checks versions, Keras, the processor, memory, and the folders that are written to."""
    checks: dict[str, Callable[[], Iterator[Check]]] = {
        "versions": _versions,
        "backends": _backends,
        "Keras": _keras,
        "processor": _processor,
        "memory": _memory,
        "runs": lambda: _folder("runs", runs),
        "submissions": lambda: _folder("submissions", submissions),
        "cache": _cache,
        "ImageNet weights": _imagenet,
        "Kaggle": _kaggle,
    }
    return [line for name, check in checks.items() for line in _guarded(name, check)]


def _guarded(name: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The lines of a check; if it fails, that is one too."""
    try:
        yield from check()
    except Exception as error:
        yield Check(name, "broken", f"{type(error).__name__}: {error}", REINSTALL)


def _versions() -> Iterator[Check]:
    fits = PYTHON[0] <= sys.version_info[:2] < PYTHON[1]
    remedy = "" if fits else "Use Python 3.11, 3.12 or 3.13: `make PYTHON=python3.12 install`."
    yield Check("Python", "ok" if fits else "broken", platform.python_version(), remedy)
    yield Check(DISTRIBUTION, "ok", __version__)
    try:
        required = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        yield Check("packages", "warning", f"{DISTRIBUTION} is not installed", REINSTALL)
        return
    declared = [
        requirement.split(";")[0].strip().partition(">=")
        for requirement in sorted(required)
        if "extra ==" not in requirement
    ]
    failures = find_failures([_module(name) for name, *_ in declared if name != "keras"])
    for name, _, least in declared:
        yield _package(name, least, failures.get(_module(name)))


def _module(package: str) -> str:
    return MODULES.get(package, package)


def _package(name: str, least: str, failure: str | None) -> Check:
    version = _version(name)
    if version is None:
        return Check(name, "broken", "not installed", REINSTALL)
    if _numbers(version) < _numbers(least):
        return Check(name, "broken", f"{version}, at least {least} is needed", REINSTALL)
    if failure:
        return Check(name, "broken", f"{version}, it cannot be imported: {failure}", REINSTALL)
    return Check(name, "ok", version)


def _backends() -> Iterator[Check]:
    """Which builds of TensorFlow, and which other backends of Keras, are installed."""
    builds = {name: v for name in ("tensorflow", "tensorflow-cpu") if (v := _version(name))}
    others = [name for name in OPTIONAL_BACKENDS if find_spec(name)]
    found = ", ".join([*(f"{name} {version}" for name, version in builds.items()), *others])
    absent = [name for name in OPTIONAL_BACKENDS if name not in others]
    if len(builds) > 1:
        remedy = "They overwrite each other. Uninstall both, then `make install`."
        yield Check("backends", "broken", found, remedy)
    elif not found:
        yield Check("backends", "broken", "none is installed", REINSTALL)
    else:
        optional = f"; optional and absent: {', '.join(absent)}" if absent else ""
        yield Check("backends", "ok", found + optional)


def _keras() -> Iterator[Check]:
    """Keras and its backend, imported by another process, which may crash."""
    child = run_python(DESCRIBE)
    if child.returncode:
        yield Check("Keras", "broken", f"it cannot be imported: {reason(child)}", REINSTALL)
        return
    about = json.loads(child.stdout.splitlines()[-1])
    yield Check("Keras backend", "ok", f"{about['backend']}, {about['threads']} CPU threads")
    yield Check("precision auto", "ok", f"{about['precision']}, because {about['reason']}")
    yield _gpu(about["gpus"])


def _gpu(devices: list[str]) -> Check:
    if devices:
        return Check("GPU", "ok", ", ".join(devices))
    if NVIDIA.exists():
        remedy = "To use it, install TensorFlow for NVIDIA GPUs: `make install GPU=1`."
        return Check("GPU", "warning", "there is one from NVIDIA, which is not used", remedy)
    return Check("GPU", "ok", "none")


def _processor() -> Iterator[Check]:
    from pipeline.machine import core_count, cores, cpu_limit, flags, processor

    has = [name for name, any_of in FEATURES.items() if set(any_of) & flags()]
    yield Check("processor", "ok", ", ".join([processor(), *has]))
    found = f"{core_count()} of {os.cpu_count()}"
    if len(cores()) < (os.cpu_count() or 1):
        found += f", {len(cores())} by affinity"
    if limit := cpu_limit():
        found += f", {limit:g} by the limit of the container"
    yield Check("cores", "ok", found)


def _memory() -> Iterator[Check]:
    from pipeline.machine import free_memory, memory_limit

    free, limit = free_memory(), memory_limit()
    found = f"{_size(free)} free" + (f" of the container's {_size(limit)}" if limit else "")
    if free < MIN_MEMORY:
        remedy = "A training may need 2 GB: end other programs, or raise the container's limit."
        yield Check("memory", "warning", found, remedy)
    else:
        yield Check("memory", "ok", found)


def _folder(
    name: str, folder: Path, details: str = "", option: str = "another folder"
) -> Iterator[Check]:
    """Whether files can be written and locked in a folder, which need not exist yet."""
    from pipeline.files import supports_locks

    folder = folder.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        free = shutil.disk_usage(existing).free
        with tempfile.TemporaryDirectory(dir=existing) as probe:
            locks = supports_locks(Path(probe))
    except OSError as error:
        found = f"{folder} cannot be written: {error.strerror}"
        yield Check(name, "broken", found, f"Make it writable, or use {option}.")
        return
    found = f"{folder}{details}, {_size(free)} free"
    if free < MIN_DISK:
        yield Check(name, "broken", found, f"Free at least {_size(MIN_DISK)}, or use {option}.")
    elif not locks:
        remedy = f"Use {option}, not on a network drive."
        yield Check(name, "broken", f"{folder} has no file locks", remedy)
    else:
        yield Check(name, "ok", found)


def _cache() -> Iterator[Check]:
    from pipeline.competition.cache import cache_folder

    folder = cache_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    yield from _folder("cache", folder, f", {_size(size)}", "another one with XDG_CACHE_HOME")


def _imagenet() -> Iterator[Check]:
    """The weights that `transfer` needs."""
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    present = any(home.glob("models/vgg16*notop.h5"))
    yield Check("ImageNet weights", "ok", "present" if present else "downloaded when needed")


def _kaggle() -> Iterator[Check]:
    """Kaggle's optional package, and the places of credentials, never their content."""
    from pipeline.errors import PipelineError
    from pipeline.submission.credentials import INSTALL, MAKE_TOKEN, find_credentials

    version = _version("kaggle")
    package = version or "optional and not installed"
    try:
        known = find_credentials()
    except PipelineError as error:
        found = f"{package}; {error.where}: {error.found}"
        yield Check("Kaggle", "broken", found, error.remedy or "")
        return
    found = f"{package}; credentials: {', '.join(known) or 'none'}"
    if version and not find_spec("six"):
        yield Check("Kaggle", "broken", f"{found}; the package six is not installed", INSTALL)
    elif version and not known:
        yield Check("Kaggle", "warning", found, MAKE_TOKEN)
    else:
        yield Check("Kaggle", "ok", found)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))


def _size(count: float) -> str:
    """Bytes in words: "1.5 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TB"
