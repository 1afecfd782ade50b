"""run.json: the typed run record."""

import hashlib
import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypedDict

import msgspec

from pipeline.competition.layout import FileLayout
from pipeline.documents import parse_json
from pipeline.metrics.metric import DEFAULT_METRIC, Metric, MetricName
from pipeline.networks.published import Published

SCHEMA_VERSION = 3

# Within what float64 and int64 hold exactly.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Views = Literal[1, 5, 9]
ReadSettings = TypedDict(
    "ReadSettings",
    {
        "early_stopping": Count | None,
        "epochs": Count,
        "plateau.monitor": str,
        "plateau.patience": Count,
        "tta_angles": Views,
        "tta_views": Views,
    },
    total=False,
)
"""The settings of a record that are computed with; the others are only compared and shown."""


@dataclass(frozen=True)
class Identity:
    """Everything that changes a run's result. Jobs and runs with equal identities are the same.

    Attributes:
        recipe: name of the recipe.
        settings: the recipe's settings by name, with the resolved precision.
        seed: random seed.
        data: fingerprint of the competition.
        fold: digest of the training and validation rows.
        backend: Keras' backend, such as "tensorflow".
        architecture: SHA-256 of the model's configuration as built; empty for ensembles.
        weights: SHA-256 of the pretrained weights' content, if there are any.
        members: digests of an ensemble's members.
    """

    recipe: str
    settings: dict[str, Any]
    seed: int
    data: str
    fold: str
    architecture: str = ""
    weights: str | None = None
    members: tuple[str, ...] = ()
    backend: str = "tensorflow"

    @property
    def digest(self) -> str:
        """SHA-256 of all attributes."""
        content = msgspec.json.encode(self, order="deterministic")
        return hashlib.sha256(content).hexdigest()

    def differences(self, other: "Identity") -> list[str]:
        """What differs, in words, such as "epochs: 5, now 10"."""
        found = []
        for name in sorted(self.settings.keys() | other.settings.keys()):
            old, new = self.settings.get(name), other.settings.get(name)
            if old != new:
                found.append(f"{name}: {old}, now {new}")
        names = {
            "recipe": "the recipe's name",
            "seed": "the seed",
            "data": "the data",
            "fold": "the training or validation rows",
            "architecture": "the layers",
            "weights": "the content of the pretrained weights",
            "members": "the members",
            "backend": "Keras' backend",
        }
        return found + [
            text for name, text in names.items() if getattr(self, name) != getattr(other, name)
        ]


@dataclass(frozen=True)
class Value:
    """The value of a metric, with its 95 % interval."""

    metric: MetricName
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """Scores on labelled rows: of a run on its validation rows, unless said otherwise.

    Attributes:
        accuracy: fraction of correct predictions, in 0..1.
        low, high: 95 % interval of the accuracy (Wilson).
        loss: log loss.
        n: number of rows.
        copies: how many of them repeat the image of another.
        other: the competition's metric, if that is not the accuracy. Saved runs do not have it: it
            is computed from their probabilities.
    """

    accuracy: float
    low: float
    high: float
    loss: float
    n: Count
    copies: Count = 0
    other: Value | msgspec.UnsetType = field(default=msgspec.UNSET, repr=False)

    @property
    def distinct(self) -> int:
        """The number of different images, which the interval follows from."""
        return self.n - self.copies


@dataclass(frozen=True)
class Data:
    """The competition that a run was trained on.

    Attributes:
        fingerprint: SHA-256 of its content.
        classes: the classes as the training file spells them.
        shape: (height, width, channels) of an image.
        planes: whether colours are stored plane by plane.
        transpose: whether images are stored column by column.
        low, high: pixel values of black and white.
        dtype: of the pixels, "uint8" or "float32".
        files: the columns of the training and the test file.
        metric: what the competition is scored by, if that is not the accuracy.
    """

    competition: str
    fingerprint: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]
    planes: bool
    low: float
    high: float
    dtype: str
    train_rows: Count
    test_rows: Count
    files: tuple[FileLayout, ...] = ()
    transpose: bool = False
    metric: MetricName | msgspec.UnsetType = msgspec.UNSET  # left out of the file

    @property
    def pixels(self) -> int:
        """How many pixels an image has."""
        return math.prod(self.shape)


def recorded(metric: Metric) -> MetricName | msgspec.UnsetType:
    """The name of a metric for `Data`; the default metric is left out."""
    return msgspec.UNSET if metric is DEFAULT_METRIC else metric.name


@dataclass(frozen=True)
class FoldRecord:
    """The fold that a run was trained and validated on.

    Attributes:
        name: "hold-out"; "1of5" for a part of a cross-validation; "5 folds" or "2 of 5 folds" for
            parts that are joined.
        fingerprint: SHA-256 of its validation rows.
        part: its number, from 1, if it is a part of a cross-validation.
        joined: how many parts are joined.
    """

    name: str
    fingerprint: str
    train_rows: Count
    validation_rows: Count
    part: Count = 0
    joined: Count = 0

    @property
    def out_of_fold(self) -> bool:
        """Whether each row is scored by the model of the fold that did not train on it."""
        return self.joined > 0


@dataclass(frozen=True)
class Training:
    """How a model was trained.

    Attributes:
        epochs: number of epochs.
        best_epoch: the epoch, from 1, whose weights were kept.
        image_shape: (height, width, channels) that the model takes.
        without_tta: scores of the images as they are, if the run averages TTA views.
    """

    epochs: Count
    best_epoch: Count
    image_shape: tuple[int, int, int]
    without_tta: Scores | None = None


@dataclass(frozen=True)
class Environment:
    """Versions and hardware of a training, and variables that change how it computes.

    Attributes:
        gpu: its model, if there was one.
    """

    pipeline: str
    python: str
    packages: dict[str, str]
    backend: str
    precision: str
    processor: str
    threads: int
    variables: dict[str, str] = field(default_factory=dict)
    gpu: str | None = None


@dataclass(frozen=True)
class RunRecord:
    """The content of run.json.

    Attributes:
        published: the published score of the recipe, if there is one.
        training: None for an ensemble.
        members: names of the runs that are combined, each as many times as it counts.
        temperature: calibrates the mean of the members, see `apply_temperature`.
        chosen: what the members chose on the validation rows, see `choices`. Empty where it
            follows from the settings.
        parameters: number of parameters, of all members together.
        fit_seconds: training time, of all members together.
        created: time in ISO 8601.
    """

    identity: Identity
    data: Data
    fold: FoldRecord
    scores: Scores
    parameters: Count
    fit_seconds: float
    predict_images_per_second: float
    created: str
    published: Published | None = None
    training: Training | None = None
    environment: Environment | None = None
    members: tuple[str, ...] = ()
    temperature: float = 1.0
    chosen: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

    @property
    def recipe(self) -> str:
        return self.identity.recipe

    @property
    def settings(self) -> dict[str, Any]:
        return self.identity.settings

    @property
    def seed(self) -> int:
        return self.identity.seed

    @property
    def comparable(self) -> Published | None:
        """The published score, if it was measured on images of this shape and these classes."""
        if self.published and self.published.fits(self.data.shape, self.data.classes):
            return self.published
        return None

    @property
    def epochs(self) -> int | None:
        return self.training.epochs if self.training else None

    @property
    def best_epoch(self) -> int | None:
        return self.training.best_epoch if self.training else None


@dataclass(frozen=True)
class LayerRecord:
    """A layer of a model, as layers.json describes it.

    Attributes:
        kind: its Keras class.
        output: shape of its output for one image.
        weights: shapes of its weights.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...]
    parameters: int


def encode(record: Any) -> str:
    """A record, or a list of records, as JSON."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2).decode() + "\n"


def decode(content: bytes) -> RunRecord:
    """The record in the content of a run.json.

    Raises:
        OtherSchemaError: it has another schema version.
        ValueError: it is not a record.
    """
    version = parse_json(content, _Versioned).schema_version
    if version != SCHEMA_VERSION:
        raise OtherSchemaError(f"its schema version is {version}, expected {SCHEMA_VERSION}")
    record = parse_json(content, RunRecord)
    try:
        msgspec.convert(record.settings, ReadSettings)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    return record


class OtherSchemaError(ValueError):
    """A record of another schema version."""


@dataclass(frozen=True)
class _Versioned:
    schema_version: int = 1
