"""Recipe + image shape -> a Keras model: images as they are in, probabilities out."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from pipeline.networks.backbone import load_base
from pipeline.networks.backend import policy
from pipeline.networks.recipe import WITH_MOMENTUM, Base, Recipe


@dataclass(frozen=True)
class Network:
    """A model, and where a part of it is frozen, its two parts.

    Attributes:
        model: (n, height, width, channels) images, valued low..high -> (n, k) probabilities.
        frozen: images -> features, whose weights never change; None where there is none.
        tail: features -> probabilities; the whole model where nothing is frozen.
        base_layers: the pretrained layers that `tail` begins with.
    """

    model: keras.Model
    frozen: keras.Model | None
    tail: keras.Model
    base: keras.Model | None = None
    base_layers: tuple[Any, ...] = ()


def build(
    recipe: Recipe, image_shape: tuple[int, int, int], classes: int, low: float, high: float
) -> Network:
    """The recipe's network, scaling included, not compiled.

    Args:
        image_shape: (height, width, channels) as `Recipe.image_shape` gives it.
        low, high: the ends of the images' grey scale.

    Raises:
        PipelineError: the pretrained weights cannot be had.
    """
    keras.config.set_dtype_policy(policy(recipe.precision))
    images = keras.Input(image_shape)
    top = recipe.layers(recipe)
    top += [layers.Dense(classes, activation="softmax", dtype="float32")]
    if recipe.base is None:
        model = keras.Model(images, _apply(top, _unit(images, low, high)), name=recipe.name)
        return Network(model, None, model)
    return _build_on_base(recipe, recipe.base, images, top, low, high)


def compile_network(model: keras.Model, recipe: Recipe, steps: int) -> None:
    """Gives the model the recipe's optimizer and the loss that goes with softmax and labels.

    Args:
        steps: how many the training will take at most.
    """
    config: dict[str, Any] = {"learning_rate": recipe.learning_rate}
    if recipe.schedule == "one-cycle":
        rise = round(0.3 * steps)
        config["learning_rate"] = keras.optimizers.schedules.CosineDecay(
            recipe.learning_rate / 25,
            decay_steps=max(steps - rise, 1),
            warmup_target=recipe.learning_rate,
            warmup_steps=rise,
        )
    if recipe.momentum and recipe.optimizer in WITH_MOMENTUM:
        config["momentum"] = recipe.momentum
    optimizer = type(keras.optimizers.get(recipe.optimizer))
    model.compile(optimizer(**config), "sparse_categorical_crossentropy", metrics=["accuracy"])


def vgg16_input(images: Any, low: float, high: float) -> Any:
    """Images as VGG16 was trained: 0..255, blue first, less the mean of ImageNet's colours."""
    colours = _unit(images, low, high, 255.0)[..., ::-1]
    return layers.Normalization(mean=[103.939, 116.779, 123.68], variance=[1.0, 1.0, 1.0])(colours)


def _build_on_base(
    recipe: Recipe, base_part: Base, images: Any, top: list[Any], low: float, high: float
) -> Network:
    base = load_base(base_part.weights, tuple(images.shape[1:]))
    names = [layer.name for layer in base.layers]
    scaled = vgg16_input(images, low, high)
    cut = names.index(base_part.frozen_until) if base_part.frozen_until else 0
    above = base.layers[cut + 1 :]
    below = keras.Model(base.input, base.layers[cut].output, name="frozen")
    below.trainable = False
    features = keras.Input(below.output.shape[1:])
    tail = keras.Model(features, _apply([*above, *top], features), name="tail")
    model = keras.Model(images, tail(below(scaled)), name=recipe.name)
    if not cut:
        return Network(model, None, model, base, tuple(above))
    return Network(model, keras.Model(images, below(scaled)), tail, base, tuple(above))


def _unit(images: Any, low: float, high: float, size: float = 1.0) -> Any:
    """Values low..high -> 0..size."""
    scale = size / (high - low)
    return layers.Rescaling(scale, offset=-low * scale)(images)


def _apply(stack: list[Any], value: Any) -> Any:
    for layer in stack:
        value = layer(value)
    return value
