"""The machine: which processor, and how much of it this process may use."""

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
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def has_bfloat16() -> bool:
    """Whether the processor multiplies in bfloat16; the others are slower in it than in float32."""
    return bool({"avx512_bf16", "amx_bf16"} & set(_cpuinfo("flags").split()))


def _cpuinfo(name: str) -> str:
    """What Linux says of the first core."""
    path = Path("/proc/cpuinfo")
    for line in path.read_text().splitlines() if path.exists() else ():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
