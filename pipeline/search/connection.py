"""The connection of this process to a Ray cluster."""

import logging
import os
import signal
import socket
import threading

import ray

from pipeline.errors import PipelineError
from pipeline.machine import core_count

PATIENCE = 10.0  # seconds until a machine answers
MESSAGE = 500  # characters of what Ray says, such as the versions that differ
QUIET = {"log_to_driver": False, "logging_level": logging.ERROR}


def connect(address: str | None) -> None:
    """Connects this process to a cluster, until it ends. A connection that is there is kept.

    Args:
        address: None starts a cluster on this machine.

    Raises:
        PipelineError: there is no such cluster, it has another version of Python or Ray, or none
            can be started.
    """
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a started cluster tells nobody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")  # its default, without a note
    handler = signal.getsignal(signal.SIGTERM)
    try:
        if address is None:
            ray.init("local", num_cpus=core_count(), include_dashboard=False, **QUIET)
        else:
            _check_listening(address)
            ray.init(address, **QUIET)
    except Exception as error:  # Ray raises many kinds, and Exception itself
        said = " ".join(str(error).split())[:MESSAGE] or type(error).__name__
        raise PipelineError(
            f"the connection failed: {said}",
            where=f"Ray cluster {address or 'on this machine'}",
            expected="auto, host:6379 or ray://host:10001" if address else None,
            remedy="Start a cluster with `ray start --head`.",
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray sets its own


def _check_listening(address: str) -> None:
    """Checks that something listens there: Ray itself would try for minutes.

    Raises:
        OSError: nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), PATIENCE).close()
