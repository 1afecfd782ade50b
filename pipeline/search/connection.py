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

_asked: dict[str, str | None] = {}  # the address that was asked for, by the one that Ray gives


def connect(address: str | None) -> None:
    """Connects this process to a cluster, until it ends.

    A connection to that cluster is kept. So is one that the user made with `ray.init`, if the
    address is None or "auto".

    Args:
        address: None starts a cluster on this machine.

    Raises:
        PipelineError: there is no such cluster, it has another version of Python or Ray, none can
            be started, or this process is connected to another one.
    """
    if ray.is_initialized():
        _check_same(address)
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
    _asked.clear()
    _asked[ray.get_runtime_context().gcs_address] = address


def _check_same(address: str | None) -> None:
    """Checks that this process is connected to the cluster with this address.

    Raises:
        PipelineError: it is connected to another one.
    """
    connected = ray.get_runtime_context().gcs_address
    same = {_asked[connected]} if connected in _asked else {None, "auto"}
    if address in same | {connected}:
        return
    raise PipelineError(
        f"this process is connected to another one, {_asked.get(connected) or connected}",
        where=f"Ray cluster {address or 'on this machine'}",
        expected="one cluster in each process",
        remedy="Call `ray.shutdown()` before, or start another process.",
    )


def _check_listening(address: str) -> None:
    """Checks that something listens there: Ray itself would try for minutes.

    Raises:
        OSError: nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), PATIENCE).close()
