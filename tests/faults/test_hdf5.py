"""The baseline of damaged models: weights in HDF5, which Keras loads, have no checksum."""

from pathlib import Path

import numpy as np
import pytest
from damage import flips, truncations
from figures import Figures


@pytest.mark.faults
def test_damaged_weights_in_hdf5_load_silently(tmp_path: Path, figures: Figures) -> None:
    from pipeline.networks.backend import keras

    layers = [keras.Input((784,)), keras.layers.Dense(128), keras.layers.Dense(10)]
    model, path = keras.Sequential(layers), tmp_path / "model.weights.h5"
    model.save_weights(path)
    content, right = path.read_bytes(), model.get_weights()
    counts = {}
    for kind, damages in (("flipped bits", flips(content, 100)),
                          ("truncations", truncations(content, 60))):  # fmt: skip
        outcomes = []
        for damaged in damages:
            path.write_bytes(damaged)
            try:
                model.load_weights(path)
            except Exception:
                outcomes.append("refused")
                continue
            same = all(map(np.array_equal, model.get_weights(), right))
            outcomes.append("the same" if same else "other weights")
        counts[kind] = {name: outcomes.count(name) for name in set(outcomes)}
        silent = f"{outcomes.count('other weights')} load silently with other weights"
        figures.add("Damaged files", f"baseline: HDF5 weights, {kind}", silent, len(outcomes))
    assert counts["flipped bits"]["other weights"] > 50
