"""The machine: its processor, the cores that this process may use, and its memory."""

import ctypes
import os
import platform
from pathlib import Path


def cores() -> list[int]:
    """The CPU cores that this process may use."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:  # macOS has no affinity
        return list(range(os.cpu_count() or 1))


def processor() -> str:
    """The name of the processor."""
    return _read_proc("cpuinfo", "model name") or platform.processor() or platform.machine()


def has_bfloat16() -> bool:
    """Whether the processor has bfloat16 instructions; without them float32 is faster."""
    return bool({"avx512_bf16", "amx_bf16"} & set(_read_proc("cpuinfo", "flags").split()))


def free_memory() -> int:
    """Bytes of memory that are available to processes."""
    import psutil

    return int(psutil.virtual_memory().available)


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


def _read_proc(file: str, name: str) -> str:
    """The first value of that name in a file of /proc, or ""."""
    path = Path("/proc") / file
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
