"""Five members' probabilities of five views an image, against as many calls of model.predict."""

from benchmarks.side_by_side import Row, in_turn, median, python

# A part of Digit Recognizer's 28,000 test rows: the time grows with them.
PARAMETERS = 61_402  # of a member, ours and theirs
SETTING = """
import sys, time
import numpy as np
images = np.random.default_rng(0).integers(0, 256, (2800, 28, 28, 1)).astype(np.uint8)
"""
OURS = f"""{SETTING}
from pipeline.recipes import find_recipe
from pipeline.networks.build import build
from pipeline.networks.predict import predict
recipe = find_recipe("fast")
members = [build(recipe, (28, 28, 1), 10, 0, 255).model for _ in range(5)]
def probabilities(images):
    return np.mean([predict(member, images, views=5) for member in members], axis=0)
"""
THEIRS = f"""{SETTING}
import keras
from keras.layers import BatchNormalization, Conv2D, Dense, GlobalMaxPooling2D, MaxPooling2D, ReLU
def convolution(filters, *pooling):
    same = Conv2D(filters, 3, padding="same", use_bias=False)
    return [same, *pooling, BatchNormalization(momentum=0.9), ReLU()]
def member():
    return keras.Sequential([
        keras.Input((28, 28, 1)), keras.layers.Rescaling(1 / 255),
        *convolution(16, MaxPooling2D()), *convolution(32, MaxPooling2D()),
        *convolution(64), *convolution(64), GlobalMaxPooling2D(), Dense(10, activation="softmax"),
    ])
members = [member() for _ in range(5)]
def probabilities(images):
    found = []
    images = images.astype(np.float32)
    framed = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    places = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))
    views = [framed[:, down : down + 28, across : across + 28] for down, across in places]
    return np.mean([m.predict(view, verbose=0) for m in members for view in views], axis=0)
"""
TIMED = """
probabilities(images[:200])
start = time.perf_counter()
probabilities(images)
print(time.perf_counter() - start, members[0].count_params())
"""


def prediction_rows(runs: int) -> list[Row]:
    """Seconds after a first call that builds the networks' functions."""
    costs = in_turn([python(OURS + TIMED), python(THEIRS + TIMED)], runs)
    ours, theirs = ([cost.output.split() for cost in mine] for mine in costs)
    assert {parameters for _, parameters in ours + theirs} == {str(PARAMETERS)}
    seconds = [median([float(time) for time, _ in mine]) for mine in (ours, theirs)]
    return [Row("2,800 rows, 5 views, 5 members | model.predict", *seconds, "s", 5)]
