"""What a user tells about a competition: competition.toml, and options that stand above it."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pipeline.errors import PipelineError, nearest
from pipeline.reading.source import DELIMITERS

FILE = "competition.toml"
# What is made of a competition's files does not depend on these.
AFTER_READING = ("validation", "split_seed", "submission_header", "first_id")
EXPECTED = {
    "train": "a file name",
    "test": "a file name",
    "sample": "a file name",
    "label": "a column's name, or 'first' or 'last'",
    "id": "a column's name, or 'first' or 'last'",
    "header": "true or false",
    "delimiter": "one of comma, semicolon, tab, pipe",
    "shape": "[height, width] or [height, width, channels]",
    "range": "[lowest, highest]",
    "planes": "true or false",
    "validation": "the validation rows' share, between 0 and 1",
    "split_seed": "a whole number",
    "submission_header": '["Id", "Category"], or whatever the competition asks',
    "first_id": "a whole number",
}


@dataclass(frozen=True)
class Settings:
    """What is told rather than inferred; None means: infer it.

    Attributes:
        train, test, sample: file names in the competition's folder.
        label, id: columns, by name or as 'first' and 'last'.
        header: whether the files' first rows hold names.
        delimiter: comma, semicolon, tab or pipe.
        shape: (height, width, channels) of an image.
        range: the values of the two ends of the grey scale.
        planes: whether colour images are stored plane by plane.
        validation: the share of training rows that validate.
        split_seed: draws the validation rows.
        submission_header, first_id: the submission's form where no sample shows it.
    """

    train: str | None = None
    test: str | None = None
    sample: str | None = None
    label: str | None = None
    id: str | None = None
    header: bool | None = None
    delimiter: str | None = None
    shape: tuple[int, int, int] | None = None
    range: tuple[float, float] | None = None
    planes: bool | None = None
    validation: float = 0.2
    split_seed: int = 0
    submission_header: tuple[str, str] | None = None
    first_id: int | None = None

    @property
    def separator(self) -> str | None:
        return DELIMITERS[self.delimiter] if self.delimiter else None


def load_overrides(folder: Path, options: Mapping[str, Any]) -> Settings:
    """The folder's competition.toml, with the options that are not None above it.

    Raises:
        PipelineError: the file is no TOML, or names or values in it are unknown.
    """
    path = folder / FILE
    told: dict[str, Any] = {}
    if path.exists():
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise PipelineError(f"{path} is not TOML: {error}.") from None
        except OSError as error:
            raise PipelineError(f"{path} cannot be read: {error.strerror}.") from None
    settings = Settings()
    known = [field.name for field in fields(Settings)]
    for where, values in ((str(path), told), ("the options", options)):
        for name, value in values.items():
            if name not in known:
                raise PipelineError(
                    f"{where} has an unknown setting {name!r}.{nearest(name, known)} "
                    f"Known are: {', '.join(known)}."
                )
            if value is not None:
                settings = replace(settings, **{name: _checked(where, name, value)})
    return settings


def _checked(where: str, name: str, value: Any) -> Any:
    """The value in the setting's type.

    Raises:
        PipelineError: it is none.
    """
    match name, value:
        case (("train" | "test" | "sample" | "label" | "id"), str()) if value:
            return value
        case (("header" | "planes"), bool()):
            return value
        case "delimiter", str() if value in DELIMITERS:
            return value
        case "shape", [int(height), int(width), *channels] if channels in ([], [1], [3]):
            if min(height, width) > 0 and {*map(type, value)} == {int}:
                return (height, width, *(channels or [1]))
        case "range", [float() | int() as low, float() | int() as high]:
            if -math.inf < low < high < math.inf and bool not in map(type, value):
                return float(low), float(high)
        case "validation", float() if 0 < value < 1:
            return value
        case (("split_seed" | "first_id"), int()) if not isinstance(value, bool) and value >= 0:
            return value
        case "submission_header", [str(), str()] if all(value):
            return tuple(value)
    raise PipelineError(f"{where}: {name} = {value!r}. Expected {EXPECTED[name]}.")
