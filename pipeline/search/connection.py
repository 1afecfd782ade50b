"""The connection of this process to a Ray cluster."""

import logging
import os
import secrets
import signal
import socket
import threading
from pathlib import Path

import ray

from pipeline.errors import PipelineError
from pipeline.machine import core_count

PATIENCE = 10.0  # seconds to wait for the answer of a machine
MESSAGE = 500  # characters of Ray's error message that are shown
START = "Start a cluster with `ray start --head`."
TOKEN = (
    "If the cluster runs, use its versions of Python and Ray. If it has a token, copy "
    "~/.ray/auth_token to this machine, and set RAY_AUTH_MODE=token."
)
QUIET = {"log_to_driver": False, "logging_level": logging.ERROR}

_asked: dict[str, str | None] = {}  # requested address, by the address that Ray gives


def connect(address: str | None) -> None:
    """Connects this process to a cluster. The connection stays until the process ends.

    An existing connection to the same cluster is used. If the address is None or "auto", a
    connection that the user made with `ray.init` is used too.

    Args:
        address: None starts a cluster on this machine.

    Raises:
        PipelineError: there is no such cluster, it has another version of Python or Ray, a cluster
            cannot be started, or this process is connected to another cluster.
    """
    if ray.is_initialized():
        _check_same(address)
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # sends no usage statistics
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "1")  # hides a warning
    handler = signal.getsignal(signal.SIGTERM)
    remedy = f"{START} {TOKEN}" if address == "auto" else START
    try:
        if address is None:
            # Else Ray leaves a token in the home folder, and later clusters of `ray start` expect
            # it. The variable stays, because Ray reads it once in a process.
            if not (Path.home() / ".ray/auth_token").exists():
                os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            ray.init("local", num_cpus=core_count(), include_dashboard=False, **QUIET)
        else:
            remedy = TOKEN if _check_listening(address) else remedy
            ray.init(address, **QUIET)
    except Exception as error:  # Ray raises many kinds, and Exception itself
        said = " ".join(str(error).split())[:MESSAGE] or type(error).__name__
        raise PipelineError(
            f"the connection failed: {said}",
            where=f"Ray cluster {address or 'on this machine'}",
            expected="auto, host:6379 or ray://host:10001" if address else None,
            remedy=remedy,
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray sets its own
    _asked.clear()
    _asked[ray.get_runtime_context().gcs_address] = address


def _check_same(address: str | None) -> None:
    """Checks that this process is connected to the cluster with this address.

    Raises:
        PipelineError: it is connected to another cluster.
    """
    connected = ray.get_runtime_context().gcs_address
    same = {_asked[connected]} if connected in _asked else {None, "auto"}
    if address in same | {connected}:
        return
    raise PipelineError(
        f"this process is connected to another cluster, {_asked.get(connected) or connected}",
        where=f"Ray cluster {address or 'on this machine'}",
        expected="one cluster per process",
        remedy="Call `ray.shutdown()` first, or start another process.",
    )


def _check_listening(address: str) -> bool:
    """Checks that a server listens at the address. Ray itself would try for minutes.

    Returns:
        Whether there is one; false if the address has no port.

    Raises:
        OSError: no server listens there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return False
    socket.create_connection((host, int(port)), PATIENCE).close()
    return True
