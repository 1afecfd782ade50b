"""The machine: its processor, the cores that this process may use, and its memory."""

import ctypes
import os
import platform
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


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
    limits = [int(text.split()[0]) / int(text.split()[1]) for text in _cgroup("cpu.max")]
    return min(limits, default=None)


def memory_limit() -> int | None:
    """The memory limit of the container, in bytes, if there is one."""
    return min(map(int, _cgroup("memory.max")), default=None)


def flags() -> set[str]:
    """The names of the processor's instruction sets, as Linux has them."""
    return set((_read_proc("cpuinfo", "flags") or _read_proc("cpuinfo", "Features")).split())


def processor() -> str:
    """The name of the processor."""
    return _read_proc("cpuinfo", "model name") or platform.processor() or platform.machine()


def has_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions; without them float32 is faster."""
    return bool({"avx512_bf16", "amx_bf16"} & flags())


def free_memory() -> int:
    """Bytes of memory that are available to processes, within the limit of the container."""
    import psutil

    free, limit = int(psutil.virtual_memory().available), memory_limit()
    if limit is None:
        return free
    used = sum(map(int, _cgroup("memory.current")[:1]))
    cached = [
        line.split()[1]
        for text in _cgroup("memory.stat")[:1]
        for line in text.splitlines()
        if line.startswith("inactive_file ")
    ]  # which the system frees when it must
    return max(0, min(free, limit - used + sum(map(int, cached))))


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


def _call_libc(function: str, *values: int) -> None:
    try:
        getattr(ctypes.CDLL("libc.so.6"), function)(*values)
    except (OSError, AttributeError):  # not glibc: its defaults are fine
        return


def _cgroup(file: str) -> list[str]:
    """That file of this process's control group (version 2) and of those around it.

    Files without a limit are left out.
    """
    group = CGROUPS / _read_proc("self/cgroup", "0").lstrip(":/")
    around = [group, *group.parents]
    paths = [path / file for path in around if path.is_relative_to(CGROUPS)]
    texts = [path.read_text().strip() for path in paths if path.is_file()]
    return [text for text in texts if not text.startswith("max")]


def _read_proc(file: str, name: str) -> str:
    """The first value of that name in a file of /proc, or ""."""
    path = Path("/proc") / file
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
