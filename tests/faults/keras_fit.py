"""A training with Keras' own callbacks, which the proofs of kills are compared with.

Usage: keras_fit.py FOLDER EPOCHS. Writes the SHA-256 of the weights to FOLDER/done.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from pipeline.networks.backend import keras

folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
table = np.loadtxt(Path(__file__).parents[2] / "data/digits/train_data.csv", delimiter=",")
keras.utils.set_random_seed(0)
layers = keras.layers
model = keras.Sequential(
    [
        keras.Input((64,)),
        layers.Dense(512, "relu"),
        layers.Dropout(0.2),
        layers.Dense(10, "softmax"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    table[:, :-1] / 16,
    table[:, -1].astype(int),
    epochs=epochs,
    validation_split=0.2,
    verbose=0,
    callbacks=[
        keras.callbacks.BackupAndRestore(folder / "backup"),
        keras.callbacks.ModelCheckpoint(folder / "best.keras", save_best_only=True),
        # Training still changes the weights at its end, or kills would have no effect.
        keras.callbacks.ReduceLROnPlateau(factor=0.7, patience=5, min_lr=1e-4),
    ],
)
weights = b"".join(weight.tobytes() for weight in model.get_weights())
(folder / "done").write_text(hashlib.sha256(weights).hexdigest())
