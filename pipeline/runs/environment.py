"""What a run was trained with: versions, processor, threads, precision."""

import os

from pipeline.machine import processor, versions
from pipeline.networks.backend import keras, policy, threads
from pipeline.runs.record import Environment

# Variables that change how something is computed.
VARIABLES = ("CUDA_VISIBLE_DEVICES", "ONEDNN_MAX_CPU_ISA", "TF_ENABLE_ONEDNN_OPTS", "XLA_FLAGS")


def describe_environment(precision: str) -> Environment:
    """The environment of a training in this process with that precision."""
    packages = versions()
    return Environment(
        pipeline=packages.pop("pipeline"),
        python=packages.pop("python"),
        packages=packages,
        backend=keras.backend.backend(),
        precision=policy(precision),
        processor=processor(),
        threads=threads(),
        variables={name: os.environ[name] for name in VARIABLES if name in os.environ},
    )
