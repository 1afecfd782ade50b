"""Column layout of a competition's files, so that new files are read in the same way."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.competition.columns import ID_NAMES, INDEX_NAMES, LABEL_NAMES
from pipeline.competition.schema import Schema
from pipeline.errors import PipelineError
from pipeline.reading.source import Source

Role = Literal["label", "id", "class", "unused"]  # a class has a column of zeros and ones


@dataclass(frozen=True)
class OtherColumn:
    """A column that is not a pixel.

    Attributes:
        index: counted from 0.
        name: its name; None if the file has no header.
    """

    index: int
    role: Role
    name: str | None = None


@dataclass(frozen=True)
class FileLayout:
    """The columns of a training or test file.

    Attributes:
        file: name of the file.
        columns: number of columns.
        others: the columns that are not pixels.
        pixel_names: SHA-256 of the pixel columns' names in file order; None without a header.
        sorted_names: SHA-256 of the same names in alphabetical order.
    """

    file: str
    columns: int
    others: tuple[OtherColumn, ...]
    pixel_names: str | None = None
    sorted_names: str | None = None


@dataclass(frozen=True)
class FileColumns:
    """Column layout of a file, counted from 0."""

    pixels: tuple[int, ...]
    label: int | None = None
    id: int | None = None


def describe_layouts(schema: Schema, train: Source, test: Source | None) -> tuple[FileLayout, ...]:
    """The layouts of the training and the test file, if there is one."""
    labels: dict[int | None, Role] = dict.fromkeys(schema.one_hot, "class")
    labels = labels or {schema.label: "label"}
    layouts = [_layout(train, schema.pixels, {**labels, schema.train_id: "id"})]
    if test:
        layouts.append(
            _layout(test, schema.test_pixels, {schema.test_label: "label", schema.test_id: "id"})
        )
    return tuple(layouts)


def find_columns(source: Source, layouts: Sequence[FileLayout], pixels: int) -> list[FileColumns]:
    """The possible column layouts of a new file, usually one.

    Uses the header if there is one, else the number of columns: a file is like one of the layouts,
    or has only pixels.

    Args:
        pixels: number of pixels of an image.

    Raises:
        PipelineError: the file is like none of the layouts, or its pixels are in another order.
    """
    exact, usual = _named_roles(source, layouts)
    found = [roles for roles in (exact, usual) if source.columns - len(roles) == pixels][:1]
    if not found:
        found = [
            {other.index: other.role for other in layout.others}
            for layout in layouts
            if layout.columns == source.columns and not (source.header and layout.pixel_names)
        ]
    if not found:
        known = [_in_words(layout) for layout in layouts if layout.columns != pixels]
        raise PipelineError(
            f"{source.columns} columns",
            where=source.path,
            expected=" or ".join([f"only the run's {pixels} pixels", *known]),
            remedy="Remove the other columns, or add a header with the names that the run's files "
            "have.",
        )
    possible = list(dict.fromkeys(_columns(source, roles) for roles in found))
    _check_order(source, possible[0], layouts)
    return possible


def _layout(source: Source, pixels: Sequence[int], roles: Mapping[int | None, Role]) -> FileLayout:
    header = source.header
    others = tuple(
        OtherColumn(column, roles.get(column, "unused"), header[column] if header else None)
        for column in sorted({*range(source.columns)} - {*pixels})
    )
    if not header:
        return FileLayout(source.path.name, source.columns, others)
    names = [header[column] for column in pixels]
    return FileLayout(
        source.path.name, source.columns, others, _digest(names), _digest(sorted(names))
    )


def _named_roles(
    source: Source, layouts: Sequence[FileLayout]
) -> tuple[dict[int, Role], dict[int, Role]]:
    """The columns with names that the run's files have; and with these or usual names."""
    header = source.header or []
    known = {other.name: other.role for layout in reversed(layouts) for other in layout.others}
    names: Mapping[Role, Sequence[str]] = {
        "label": LABEL_NAMES,
        "id": ID_NAMES,
        "unused": INDEX_NAMES,
    }
    usual = {name: role for role, some in names.items() for name in some}
    exact = {c: known[name] for c, name in enumerate(header) if name in known}
    likely = {c: usual[name.lower()] for c, name in enumerate(header) if name.lower() in usual}
    return exact, likely | exact


def _columns(source: Source, roles: Mapping[int, Role]) -> FileColumns:
    """If a role occurs twice, the last column wins."""
    index = {role: column for column, role in sorted(roles.items())}
    pixels = tuple(column for column in range(source.columns) if column not in roles)
    return FileColumns(pixels, index.get("label"), index.get("id"))


def _check_order(source: Source, columns: FileColumns, layouts: Sequence[FileLayout]) -> None:
    """Raises if the run's pixels are in another order. Pixels of other names are accepted."""
    if not source.header:
        return
    names = [source.header[column] for column in columns.pixels]
    same = [layout for layout in layouts if layout.sorted_names == _digest(sorted(names))]
    if same and _digest(names) not in [layout.pixel_names for layout in same]:
        raise PipelineError(
            "the pixel columns are in another order",
            where=source.path,
            expected=f"the order of {same[0].file}, which the run was trained on",
            remedy="Reorder the columns.",
        )


def _in_words(layout: FileLayout) -> str:
    """ "65 columns as in train.csv (label in column 65)" """
    names = [
        f"{other.role} in column {other.index + 1}" if other.name is None else repr(other.name)
        for other in layout.others
    ]
    return f"{layout.columns} columns as in {layout.file} (with {', '.join(names)})"


def _digest(names: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(names).encode()).hexdigest()
