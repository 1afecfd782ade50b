"""What course notebooks do, in plain Keras: networks, and ImageDataGenerator.

Nothing here uses the pipeline, whose import changes settings of Keras and of the memory.
"""

import sys
import time
from typing import TYPE_CHECKING, Any

import keras
from keras import layers
from keras.src.legacy.preprocessing.image import ImageDataGenerator

if TYPE_CHECKING:
    from pipeline.images.augmentation import Augmentation


def conv2() -> Any:
    """The network of recipe `conv2`, compiled, for images in 0..1."""
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.MaxPooling2D(),
            layers.Dropout(0.05),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Conv2D(128, 3, activation="relu"),
            layers.BatchNormalization(momentum=0.9),
            layers.MaxPooling2D(),
            layers.Dropout(0.05),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Dropout(0.125),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.25),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return _compiled(model, keras.optimizers.RMSprop(1e-4, momentum=0.9))


def conv_deep(shape: tuple[int, int, int], classes: int) -> Any:
    """The network of recipe `conv-deep`, compiled, for images in 0..1."""
    model = keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    return _compiled(model, "adam")


def fast() -> Any:
    """The network of recipe `fast`, compiled, for images in 0..255."""
    return _stages((16,), (32,), (64, 64))


def best() -> Any:
    """The network of recipe `best`, compiled, for images in 0..255."""
    return _stages((32,), (64,), (128, 128))


def deep() -> Any:
    """The network of recipe `deep`, compiled, for images in 0..255."""
    return _stages((32, 32), (64, 64), (128, 128), dropout=0.3)


def _stages(*widths: tuple[int, ...], dropout: float = 0) -> Any:
    stack = [keras.Input((28, 28, 1)), layers.Rescaling(1 / 255)]
    for stage, filters in enumerate(widths, start=1):
        for index, count in enumerate(filters, start=1):
            stack.append(layers.Conv2D(count, 3, padding="same", use_bias=False))
            if index == len(filters) and stage < len(widths):
                stack.append(layers.MaxPooling2D())
            stack += [layers.BatchNormalization(momentum=0.9), layers.ReLU()]
    stack += [layers.GlobalMaxPooling2D(), *([layers.Dropout(dropout)] if dropout else [])]
    return _compiled(keras.Sequential([*stack, layers.Dense(10, activation="softmax")]), "adam")


def vgg16_backbone() -> Any:
    """A frozen VGG16 without its head, with random weights, for images of 32 x 32."""
    backbone = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    backbone.trainable = False
    return backbone


def transfer_head() -> list[Any]:
    """The layers of recipe `transfer` on its backbone."""
    return [
        layers.Flatten(),
        layers.Dropout(0.125),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10, activation="softmax"),
    ]


def transfer_model(parts: list[Any]) -> Any:
    """A compiled model of these layers, with the optimizer of recipe `transfer`."""
    optimizer = keras.optimizers.RMSprop(1e-4, momentum=0.9)
    return _compiled(keras.Sequential(parts), optimizer)


def generator(augmentation: "Augmentation", side: int, rescale: float | None = None) -> Any:
    """An ImageDataGenerator with the limits, fill and interpolation of an augmentation.

    Args:
        side: height and width of the images.
        rescale: factor of the values after the transform.
    """
    shift = augmentation.shift if augmentation.shift < 1 else augmentation.shift / side
    return ImageDataGenerator(
        rotation_range=augmentation.rotation,
        zoom_range=augmentation.zoom,
        width_shift_range=shift,
        height_shift_range=shift,
        shear_range=augmentation.shear,
        fill_mode=augmentation.fill,
        interpolation_order={"nearest": 0, "linear": 1}[augmentation.interpolation],
        rescale=rescale,
    )


class Until(keras.callbacks.Callback):
    """Stops a training with the first step that ends after a time, counted from now on.

    Attributes:
        limit: seconds that the training may take.
        seconds: how long it took, to the end of its last step.
    """

    def __init__(self, limit: float) -> None:
        super().__init__()
        self.limit, self.seconds, self.began = limit, 0.0, time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seconds = time.perf_counter() - self.began
        self.model.stop_training = self.seconds > self.limit


class Clock(keras.callbacks.Callback):
    """Counts the seconds of training without validation; stops at the accuracy.

    Attributes:
        seconds: of each epoch.
        best: the highest validation accuracy so far.
    """

    def __init__(self, accuracy: float) -> None:
        super().__init__()
        self.accuracy, self.best = accuracy, 0.0
        self.seconds: list[float] = []
        self.began, self.validation_began, self.validation = 0.0, 0.0, 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began, self.validation = time.perf_counter(), 0.0

    def on_test_begin(self, logs: Any = None) -> None:
        self.validation_began = time.perf_counter()

    def on_test_end(self, logs: Any = None) -> None:
        self.validation = time.perf_counter() - self.validation_began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self.began - self.validation)
        self.best = max(self.best, float(logs["val_accuracy"]))
        line = f"epoch {epoch + 1}: {logs['val_accuracy']:.4f}, {sum(self.seconds):.0f} s"
        print(line, file=sys.stderr)
        self.model.stop_training = self.best >= self.accuracy


def _compiled(model: Any, optimizer: Any) -> Any:
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model
