"""What a run was trained with: versions, processor, GPU, threads, precision."""

import os

from pipeline.machine import VARIABLES, processor, versions
from pipeline.networks.backend import gpu_model, keras, policy, threads
from pipeline.runs.record import Environment


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
        gpu=gpu_model(),
    )
