"""Published recipes are trained in float32; others in what is faster."""

from typing import Any

import numpy as np
import pytest

from pipeline import machine
from pipeline.networks import backend
from pipeline.networks.backend import policy
from pipeline.recipes import recipes
from pipeline.runs.environment import describe_environment
from pipeline.training.train import train


@pytest.mark.parametrize("name", [n for n, recipe in recipes().items() if recipe.published])
def test_a_published_recipe_has_float32(name: str) -> None:
    assert recipes()[name].precision == "float32"


@pytest.mark.parametrize(("name", "precision"), [("augmented", "bfloat16"), ("dense", "float32")])
def test_a_run_says_its_precision_and_its_probabilities_are_float32(
    name, precision, job, tiny, tmp_path
) -> None:
    run = train(job(name, precision=precision), tiny, tmp_path)
    expected = {"bfloat16": "mixed_bfloat16", "float32": "float32"}[precision]
    assert run.record.environment.precision == expected
    assert run.record.settings["precision"] == precision
    for probabilities in (run.validation.probabilities, run.test_probabilities):
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(run.predict(tiny.test_pixels), run.test_probabilities)


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu sse2 avx2", "float32"),
        ("fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("fpu amx_bf16 amx_tile", "mixed_bfloat16"),
        ("fpu avx512_bf16 avx512_fp16 amx_bf16", "mixed_bfloat16"),
        ("fpu avx512_bf16 avx512_fp16", "float32"),
    ],
)
def test_auto_asks_the_processor(flags, expected, monkeypatch) -> None:
    if backend.uses_accelerator():
        pytest.skip("an accelerator decides here")
    monkeypatch.setattr(machine, "_read_proc", lambda *name: flags)
    assert policy("auto") == expected


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ([(7, 5)], "float32"),  # T4
        ([(8, 0)], "bfloat16"),  # A100
        ([(9, 0), (9, 0)], "bfloat16"),  # two H200
        ([(9, 0), (7, 5)], "float32"),
        ([None], "bfloat16"),  # not from NVIDIA
    ],
)
def test_auto_asks_the_gpus(capabilities, precision, use_gpus) -> None:
    use_gpus(*({"compute_capability": each} if each else {} for each in capabilities))
    assert backend.resolve_precision("auto") == precision


def test_a_run_says_its_gpu(use_gpus) -> None:
    assert describe_environment("float32").gpu is None
    use_gpus({"device_name": "Tesla T4"})
    assert describe_environment("float32").gpu == "Tesla T4"


@pytest.fixture
def use_gpus(monkeypatch):
    """Descriptions instead of GPUs, which no machine here has."""
    import tensorflow as tf

    def use(*details: dict[str, Any]) -> None:
        monkeypatch.setattr(backend, "uses_accelerator", lambda: True)
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: details)
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: gpu)

    return use
