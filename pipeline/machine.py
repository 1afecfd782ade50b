"""The machine: which processor, how much of it this process may use, and its memory."""

import ctypes
import os
import platform
from pathlib import Path


def cores() -> list[int]:
    """The cores that this process may use."""
    try:
        return sorted(os.sched_getaffinity(0))
    except AttributeError:  # macOS: no process can be given a core
        return list(range(os.cpu_count() or 1))


def processor() -> str:
    """Its name, as the system gives it."""
    return _linux_says("cpuinfo", "model name") or platform.processor() or platform.machine()


def has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16; the others are slower in it than in float32."""
    return bool({"avx512_bf16", "amx_bf16"} & set(_linux_says("cpuinfo", "flags").split()))


def free_memory() -> int:
    """Bytes that processes can still have, caches of files included; 0 where Linux is not."""
    return 1024 * int((_linux_says("meminfo", "MemAvailable") or "0 kB").split()[0])


def keep_memory() -> None:
    """Tells glibc to keep what is freed.

    Each training step, like each block of a file, frees megabytes and asks for as many again.
    Giving them back to the system in between takes a quarter of a training's processor time, and
    a third of a reading's.
    """
    trim_threshold, top_pad, mmap_max = -1, -2, -4  # of malloc.h
    for parameter, value in ((mmap_max, 0), (trim_threshold, 2**31 - 1), (top_pad, 1 << 26)):
        _call_libc("mallopt", parameter, value)


def release_memory() -> None:
    """Gives back to the system what was kept, where nothing like it will be asked for soon."""
    _call_libc("malloc_trim", 0)


def _call_libc(function: str, *values: int) -> None:
    try:
        getattr(ctypes.CDLL("libc.so.6"), function)(*values)
    except (OSError, AttributeError):  # another system's library: its defaults will do
        return


def _linux_says(file: str, name: str) -> str:
    """The first value of that name in a file of /proc, or ""."""
    path = Path("/proc") / file
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
