"""Schema overrides: competition.toml, and options that override it."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from pipeline import config
from pipeline.documents import parse_toml, read_small
from pipeline.errors import PipelineError
from pipeline.metrics.metric import MetricName
from pipeline.reading.source import DELIMITERS

FILE = "competition.toml"
AFTER_READING = ("validation", "split_seed", "submission_header", "metric")
WITHOUT_OPTION = ("classes", "planes", "split_seed", "submission_header", "first_id", "metric")

FileName = Annotated[str, Meta(min_length=1, description="a file name")]
NAMES = " or ".join(f'"{name}"' for name in get_args(MetricName))
Column = Annotated[str, Meta(min_length=1, description="a column name, or 'first' or 'last'")]
Shape = Annotated[
    tuple[int, ...],
    Meta(
        min_length=2,
        max_length=3,
        description="[height, width] or [height, width, 1 or 3] (as an option 28x28 or 32x32x3)",
    ),
]
Delimiter = Annotated[
    Literal["comma", "semicolon", "tab", "pipe"],
    Meta(description="the word comma, semicolon, tab or pipe"),
]
Classes = Annotated[tuple[str | int, ...], Meta(description='a list, such as [0, 1, "other"]')]
Header = Annotated[
    tuple[str, str], Meta(description='two column names, such as ["Id", "Category"]')
]
Range = Annotated[tuple[float, float], Meta(description="[low, high], finite, low below high")]


@dataclass(frozen=True)
class Overrides:
    """Schema overrides; None means that it is inferred.

    Attributes:
        train, test, sample: file names in the competition's folder, or paths. With "none"
            as the sample, a sample in the folder is not used.
        label, id: columns, by name or as "first" and "last".
        test_label: the label column of a test file that has labels.
        classes: all classes, in the order of the sample's columns of probabilities. Those without
            training rows are submitted as 0.
        header: whether the files have a header row.
        delimiter: comma, semicolon, tab or pipe.
        shape: (height, width, channels) of an image.
        range: the pixel values of black and white.
        planes: whether colour images are stored plane by plane.
        transpose: whether images are stored column by column, as those of EMNIST.
        validation: fraction of the training rows in the validation set; or a file of labelled
            rows that are the validation set, with the training file's columns.
        holdout: fraction of the rows of the training file that are locked, see `LockedRows`;
            none without it.
        split_seed: random seed of the validation rows.
        submission_header: the submission format, if there is no sample submission.
        first_id: the id of the first test row, if ids number the test rows.
        metric: name of the competition's metric, such as "log_loss".
    """

    train: FileName | None = None
    test: FileName | None = None
    sample: FileName | None = None
    label: Column | None = None
    id: Column | None = None
    test_label: Column | None = None
    classes: Classes | None = None
    header: bool | None = None
    delimiter: Delimiter | None = None
    shape: Shape | None = None
    range: Range | None = None
    planes: bool | None = None
    transpose: bool = False
    validation: Annotated[
        float | str,
        Meta(description="a fraction of the rows, between 0 and 1, or the name of a file"),
    ] = 0.2
    holdout: Annotated[float, Meta(gt=0, lt=1)] | None = None
    split_seed: Annotated[int, Meta(ge=0)] = 0
    submission_header: Header | None = None
    first_id: Annotated[int, Meta(ge=0)] | None = None
    metric: Annotated[MetricName, Meta(description=NAMES)] | None = None

    def __post_init__(self) -> None:
        """Completes the shape with one channel. Raises ValueError for impossible values."""
        if self.shape is not None:
            height, width, channels = (*self.shape, 1)[:3]
            if min(height, width) < 1 or channels not in (1, 3):
                raise ValueError(self.shape)
            object.__setattr__(self, "shape", (height, width, channels))
        if not (self.validation if isinstance(self.validation, str) else 0 < self.validation < 1):
            raise ValueError(self.validation)
        if self.range is not None and not -math.inf < self.range[0] < self.range[1] < math.inf:
            raise ValueError(self.range)
        if self.submission_header is not None and not all(self.submission_header):
            raise ValueError(self.submission_header)

    @property
    def validation_file(self) -> str | None:
        """The name of the file with the validation rows, if there is one."""
        return self.validation if isinstance(self.validation, str) else None

    @property
    def separator(self) -> str | None:
        """The delimiter as a character."""
        return DELIMITERS[self.delimiter] if self.delimiter else None


def affects_reading(name: str, value: Any) -> bool:
    """Whether the content of a competition depends on an override.

    Of the validation set, it depends on a file, but not on a fraction.
    """
    return name not in AFTER_READING or (name == "validation" and isinstance(value, str))


def load_overrides(folder: Path, options: Mapping[str, Any]) -> Overrides:
    """Reads the folder's competition.toml. Options that are not None override it.

    Raises:
        PipelineError: the file is not TOML, or a name or value is not valid.
    """
    path = folder / FILE
    content = _read_settings(path)
    overrides = Overrides()
    for where, values in ((str(path), content), ("options", options)):
        given = {name: value for name, value in values.items() if value is not None}
        overrides = config.change(overrides, given, where)
    return overrides


def _read_settings(path: Path) -> dict[str, Any]:
    """The content of a TOML file; nothing where there is none.

    Raises:
        PipelineError: it is not a file, too large, or not TOML.
    """
    if not os.path.lexists(path):
        return {}
    remedy = "Correct it, or remove it: without it, everything is inferred."
    if not os.path.isfile(path):  # such as a pipe, which would be waited for
        link = f": it is a link to {path.readlink()}" if path.is_symlink() else ""
        raise PipelineError(f"not a file{link}", where=path, expected="a TOML file", remedy=remedy)
    try:
        return parse_toml(read_small(path))
    except ValueError as error:
        raise PipelineError(f"not TOML: {error}", where=path, remedy=remedy) from None
    except OSError as error:
        found = f"it cannot be read: {error.strerror}"
        raise PipelineError(found, where=path, remedy=remedy) from None
