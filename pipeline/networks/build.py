"""Recipe + image shape -> a Keras model: raw images in, probabilities out."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.errors import PipelineError
from pipeline.networks.backbone import load_backbone
from pipeline.networks.backend import keras, use_precision
from pipeline.networks.recipe import WITH_MOMENTUM, Backbone, Recipe
from pipeline.networks.rotation import with_plain_layers

layers = keras.layers

# An average with a momentum of 0.9 looks back ten steps. It settles in ten times as many, because
# the weights change quickly at first (measured with `fast` on a thousand digits).
WINDOWS = 10
MIN_MOMENTUM = 0.5


@dataclass(frozen=True)
class Network:
    """A model, and its two parts if a part of it is frozen.

    Attributes:
        model: (n, height, width, channels) images in low..high -> (n, k) probabilities.
        frozen: images -> features, by layers whose weights never change; None without such layers.
        head: features -> probabilities; the whole model if nothing is frozen.
        backbone: the pretrained model, if there is one.
        backbone_layers: its layers that are in `head`.
    """

    model: keras.Model
    frozen: keras.Model | None
    head: keras.Model
    backbone: keras.Model | None = None
    backbone_layers: tuple[Any, ...] = ()

    def with_plain_layers(self) -> "Network":
        """The network with Keras' own layers alone, and the same outputs."""
        model = with_plain_layers(self.model)
        return self if model is self.model else replace(self, model=model, head=model)


def build(
    recipe: Recipe,
    image_shape: tuple[int, int, int],
    classes: int,
    low: float,
    high: float,
    pretrained: bool = True,
    steps: int | None = None,
) -> Network:
    """Builds the recipe's network, scaling included, not compiled.

    Args:
        image_shape: (height, width, channels) as `Recipe.image_shape` gives it.
        classes: number of classes.
        low, high: pixel values of black and white.
        pretrained: whether to load the weights of a pretrained backbone.
        steps: maximum number of training steps. If they are few, batch normalization averages
            over fewer of them, except in published recipes.

    Raises:
        PipelineError: the pretrained weights are unavailable, or the recipe's layers are not a
            list of layers, or their output is not a vector.
    """
    with use_precision(recipe.precision):
        images = keras.Input(image_shape, name="images")
        own = _own_layers(recipe)
        if steps and not recipe.published:
            _shorten_averages(own, steps)
        own.append(layers.Dense(classes, activation="softmax", dtype="float32"))
        _number_names(own)
        if recipe.backbone is None:
            classified = _classify(own, _rescale(images, low, high), recipe.name)
            model = keras.Model(images, classified, name=recipe.name)
            return Network(model, None, model)
        weights = recipe.backbone.weights if pretrained else "none"
        backbone = load_backbone(weights, tuple(images.shape[1:]))
        scaled = vgg16_input(images, low, high)
        return _build_on_backbone(recipe.name, recipe.backbone, backbone, images, scaled, own)


def settling_steps(recipe: Recipe) -> int:
    """The training steps that moving averages of batch normalization need; 0 without them.

    Validation uses these averages; before they settle, its accuracy can be as low as chance.
    """
    momenta = [layer.momentum for layer in _own_layers(recipe) if _is_averaged(layer)]
    return max((round(WINDOWS / (1 - momentum)) for momentum in momenta), default=0)


def compile_network(model: keras.Model, recipe: Recipe) -> None:
    """Compiles the model with the recipe's optimizer and cross-entropy on integer labels."""
    config: dict[str, Any] = {"learning_rate": recipe.learning_rate}
    if recipe.momentum and recipe.optimizer in WITH_MOMENTUM:
        config["momentum"] = recipe.momentum
    optimizer = type(keras.optimizers.get(recipe.optimizer))
    model.compile(optimizer(**config), "sparse_categorical_crossentropy", metrics=["accuracy"])


def vgg16_input(images: Any, low: float, high: float) -> Any:
    """RGB images in low..high -> the input of VGG16: BGR in 0..255, minus ImageNet's mean."""
    bgr = _rescale(images, low, high, 255.0)[..., ::-1]
    keras.Model(images, bgr).operations[-1].name = "rgb_to_bgr"  # a stable name
    centre = layers.Normalization(
        mean=[103.939, 116.779, 123.68], variance=[1.0, 1.0, 1.0], name="imagenet_mean"
    )
    return centre(bgr)


def _build_on_backbone(
    name: str,
    settings: Backbone,
    backbone: keras.Model,
    images: Any,
    scaled: Any,
    own: Sequence[Any],
) -> Network:
    names = [layer.name for layer in backbone.layers]
    cut = names.index(settings.frozen_until) if settings.frozen_until else 0
    trained = backbone.layers[cut + 1 :]
    frozen = keras.Model(backbone.input, backbone.layers[cut].output, name="frozen")
    frozen.trainable = False
    features = keras.Input(frozen.output.shape[1:], name="features")
    head = keras.Model(features, _classify([*trained, *own], features, name), name="head")
    model = keras.Model(images, head(frozen(scaled)), name=name)
    to_features = keras.Model(images, frozen(scaled)) if cut else None
    return Network(model, to_features, head if cut else model, backbone, tuple(trained))


def _own_layers(recipe: Recipe) -> list[Any]:
    """The layers that the recipe's function returns, as a list.

    Raises:
        PipelineError: the function fails, or does not return a list of Keras layers, or its last
            layer is a softmax.
    """
    try:
        made: Any = recipe.layers(recipe)
        found = list(made) if isinstance(made, Iterable) else None
    except (PipelineError, MemoryError):
        raise
    except Exception as error:
        raise PipelineError(
            f"layers(recipe) raises {type(error).__name__}: {error}",
            where=f"recipe {recipe.name}",
            remedy="Correct the function. --debug shows the traceback.",
        ) from error
    wrong = [one for one in found or () if not isinstance(one, layers.Layer)]
    if found is None or wrong:
        inside = f"a list with {type(wrong[0]).__name__}" if wrong else type(made).__name__
        raise PipelineError(
            f"layers(recipe) returns {'None' if made is None else inside}",
            where=f"recipe {recipe.name}",
            expected="a list of Keras layers",
            remedy="Is its `return` missing?" if made is None else None,
        )
    if found and _is_softmax(found[-1]):
        raise PipelineError(
            "the last layer of layers(recipe) is a softmax",
            where=f"recipe {recipe.name}",
            expected="layers without it, because a softmax over the classes is added",
            remedy="Remove the softmax from `layers`.",
        )
    return found


def _is_softmax(layer: Any) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, layers.Softmax) or activation is keras.activations.softmax


def _rescale(images: Any, low: float, high: float, size: float = 1.0) -> Any:
    """Values in low..high -> 0..size."""
    scale = size / (high - low)
    return layers.Rescaling(scale, offset=-low * scale, name="rescaling")(images)


def _is_averaged(layer: Any) -> bool:
    return isinstance(layer, layers.BatchNormalization)


def _shorten_averages(stack: Sequence[Any], steps: int) -> None:
    """Lets the moving averages of batch normalization settle within the steps of a training."""
    for layer in filter(_is_averaged, stack):
        layer.momentum = min(layer.momentum, max(MIN_MOMENTUM, 1 - WINDOWS / steps))


def _number_names(stack: Sequence[Any]) -> None:
    """Names the layers of one model: dense, dense_1, ... Keras counts per process;
    renumbering keeps equal models equal."""
    seen: Counter[str] = Counter()
    for layer in stack:
        kind = re.sub(r"_\d+$", "", layer.name)
        layer.name = f"{kind}_{seen[kind]}" if seen[kind] else kind
        seen[kind] += 1


def _classify(stack: Sequence[Any], value: Any, recipe: str) -> Any:
    """Applies the layers of a recipe, the last of which is the softmax over the classes."""
    *features, classifier = stack
    for layer in features:
        value = layer(value)
    if len(value.shape) != 2:
        raise PipelineError(
            f"the layers end with an output of shape {_shape_text(value)} for each image",
            where=f"recipe {recipe}",
            expected="a vector for each image",
            remedy="Add Flatten or GlobalAveragePooling2D.",
        )
    return classifier(value)


def _shape_text(value: Any) -> str:
    return " x ".join(map(str, value.shape[1:])) or "()"
