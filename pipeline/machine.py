"""The machine: its processor, the cores that this process may use, its memory, its versions."""

import ctypes
import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipeline import __version__

CGROUPS = Path("/sys/fs/cgroup")
# Packages that results depend on.
PACKAGES = (
    "keras", "tensorflow", "tensorflow-cpu", "torch", "jax", "numpy", "opencv-python-headless"
)  # fmt: skip
# Environment variables that change the method or the speed of computations. A worker of a cluster
# gets them from the sending machine. CUDA_VISIBLE_DEVICES is not sent: it is about one machine.
VARIABLES = (
    "KERAS_BACKEND", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS", "ONEDNN_MAX_CPU_ISA",
    "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TF_NUM_INTRAOP_THREADS", "XLA_FLAGS",
)  # fmt: skip
OTHER_BACKENDS = {"torch", "jax"}  # of Keras, which KERAS_BACKEND chooses
UNLIMITED = 1 << 60  # bytes; version 1 of control groups has no word for it


def cores() -> list[int]:
    """The CPU cores that this process may use."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:  # macOS has no affinity
        return list(range(os.cpu_count() or 1))


def core_count() -> int:
    """The number of cores that this process may use, at least 1."""
    limit = cpu_limit()
    return min(len(cores()), max(1, int(limit))) if limit else len(cores())


def cpu_limit() -> float | None:
    """The CPU limit of the container, in cores, if there is one."""
    quotas = [text.split() for text in _cgroup("cpu.max")]
    pairs = _cgroup("cpu.cfs_quota_us", "cpu"), _cgroup("cpu.cfs_period_us", "cpu")
    quotas += map(list, zip(*pairs, strict=True))
    limits = [int(quota) / int(period) for quota, period in quotas if quota not in ("max", "-1")]
    return min(limits, default=None)


def memory_limit() -> int | None:
    """The memory limit of the container, in bytes, if there is one."""
    texts = _cgroup("memory.max") + _cgroup("memory.limit_in_bytes", "memory")
    limits = [int(text) for text in texts if text != "max"]
    return min((limit for limit in limits if limit < UNLIMITED), default=None)


def flags() -> set[str]:
    """The names of the processor's instruction sets, as Linux has them."""
    return set((_read_proc("cpuinfo", "flags") or _read_proc("cpuinfo", "Features")).split())


def processor() -> str:
    """The name of the processor."""
    return _read_proc("cpuinfo", "model name") or platform.processor() or platform.machine()


def bfloat16_is_faster() -> bool:
    """Whether the processor computes faster in bfloat16 than in float32.

    AMD's AVX-512 and Intel's AMX do. Intel's AVX-512 alone does not: where a virtual machine hides
    AMX (avx512_fp16 is there, amx_bf16 is not), float32 trains 1.4 to 1.7 times as many images.
    """
    found = flags()
    return "amx_bf16" in found or ("avx512_bf16" in found and "avx512_fp16" not in found)


def free_memory() -> int:
    """Bytes of memory that are available to processes, within the limit of the container."""
    import psutil

    free, limit = int(psutil.virtual_memory().available), memory_limit()
    if limit is None:
        return free
    used = (_cgroup("memory.current") + _cgroup("memory.usage_in_bytes", "memory"))[:1]
    stat = (_cgroup("memory.stat") + _cgroup("memory.stat", "memory"))[:1]
    words = [line.split() for text in stat for line in text.splitlines()]
    counts = {name: int(count) for name, count in words}
    # What the system frees when it must. Version 1 counts groups inside this one under "total".
    cached = counts.get("total_inactive_file", counts.get("inactive_file", 0))
    return max(0, min(free, limit - sum(map(int, used)) + cached))


def versions() -> dict[str, str]:
    """Those of this package, of Python, and of the installed PACKAGES, by name."""
    found = {name: _version(name) for name in PACKAGES}
    installed = {name: each for name, each in found.items() if each}
    return {"pipeline": __version__, "python": platform.python_version(), **installed}


def host() -> str:
    """The name of the machine and, on Linux, the namespace of its process numbers.

    Containers with the same name have other namespaces.
    """
    try:
        return f"{platform.node()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # macOS
        return platform.node()


@cache
def hash_of_sources(*patterns: str) -> str:
    """SHA-256 of modules of this package, which changes with every edit.

    Args:
        patterns: paths in the package. Default: all modules.
    """
    root, found = Path(__file__).parent, hashlib.sha256()
    for pattern in patterns or ("**/*.py",):
        for path in sorted(root.glob(pattern)):
            found.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return found.hexdigest()


def keep_memory() -> None:
    """Makes glibc keep freed memory instead of returning it to the system.

    Each training step, and each block of a file, frees megabytes and allocates them again.
    Returning them in between costs a quarter of the CPU time of a training and a third of that of
    reading.
    """
    trim_threshold, top_pad, mmap_max = -1, -2, -4  # of malloc.h
    for parameter, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 1 << 26)):
        _call_libc("mallopt", parameter, value)


def release_memory() -> None:
    """Returns freed memory to the system."""
    _call_libc("malloc_trim", 0)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _call_libc(function: str, *values: int) -> None:
    try:
        getattr(ctypes.CDLL("libc.so.6"), function)(*values)
    except (OSError, AttributeError):  # not glibc: its defaults are fine
        return


def _cgroup(file: str, controller: str = "") -> list[str]:
    """That file of this process's control group and of those around it, the innermost first.

    Args:
        controller: "cpu" or "memory", which version 1 has a tree of groups for; "" for version 2,
            which has one tree.
    """
    proc, root = Path("/proc/self/cgroup"), CGROUPS / controller
    lines = proc.read_text().splitlines() if proc.exists() else []
    trees = [line.split(":", 2) for line in lines]  # such as 4:cpu,cpuacct:/group
    groups = {name: path for _, names, path in trees for name in names.split(",")}
    group = root / groups.get(controller, "").lstrip("/")
    around = [path for path in (group, *group.parents) if path.is_relative_to(root)]
    return [(path / file).read_text().strip() for path in around if (path / file).is_file()]


def _read_proc(file: str, name: str) -> str:
    """The first value of that name in a file of /proc, or ""."""
    path = Path("/proc") / file
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
