"""Text, TOML or Python values -> fields of typed dataclasses.

The types say what is accepted: `Literal["adam", "sgd"]`, `Annotated[int, Meta(ge=1)]`; a
`__post_init__` may raise ValueError for more. `Meta(description=...)` is the
expected value in error messages.
"""

import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import msgspec

from pipeline.errors import PipelineError, suggest

T = TypeVar("T")
NONE = "none"  # text for None
MAX_NAME = 120  # characters of the name of a run
RESERVED = ("checkpoints", "pages", "tuning")  # folders beside runs
UNLIMITED = 1e300  # an upper limit that messages leave out; infinity is not a valid number


def change(instance: T, changes: Mapping[str, Any], where: str, fixed: tuple[str, ...] = ()) -> T:
    """A copy of a dataclass with some of its fields changed.

    Args:
        changes: values or their text by field name; "part.field" is a field of a part. "none"
            is None where a field may be None.
        where: what to name in messages, such as "--set" or a file.
        fixed: fields that cannot be changed.

    Raises:
        PipelineError: a name is unknown, or a value does not fit its field.
    """
    for name, value in changes.items():
        instance = _set(instance, name.split("."), name, value, where, fixed)
    return instance


def check(instance: Any, without: tuple[str, ...] = ()) -> None:
    """Checks that all fields of a dataclass have valid values.

    Args:
        without: fields that are not checked.

    Raises:
        PipelineError: a value does not fit its field.
    """
    kinds = typing.get_type_hints(type(instance), include_extras=True)
    for field in fields(instance):
        value = getattr(instance, field.name)
        if field.name in without or is_dataclass(value):  # a part has checked itself
            continue
        try:
            _convert(value, kinds[field.name])
        except ValueError:
            raise PipelineError(
                f"{field.name} = {value!r}",
                where=type(instance).__name__,
                expected=expectation(kinds[field.name]),
            ) from None


def flatten(instance: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """{"epochs": 5, "augmentation.rotation": 10.0}: the fields of a dataclass and of its parts."""
    flat: dict[str, Any] = {}
    for field in fields(instance):
        value = getattr(instance, field.name)
        if field.name in without:
            continue
        if is_dataclass(value):
            flat |= {f"{field.name}.{name}": part for name, part in flatten(value).items()}
        else:
            flat[field.name] = list(value) if isinstance(value, tuple) else value  # as JSON has it
    return flat


def differences(before: Any, after: Any) -> dict[str, Any]:
    """The fields that differ, with their new values; new parts are compared with their defaults."""
    found: dict[str, Any] = {}
    for field in fields(after):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old == new:
            continue
        if is_dataclass(new) and not isinstance(new, type):
            part = differences(old if isinstance(old, type(new)) else type(new)(), new)
            found |= {f"{field.name}.{name}": value for name, value in part.items()}
            if not part:
                found[field.name] = "default"
        else:
            found[field.name] = new
    return found


@dataclass(frozen=True)
class Setting:
    """A field of a dataclass, or of one of its parts.

    Attributes:
        accepts: what it accepts, in words.
        meaning: what the docstring of its class says of it.
    """

    name: str
    value: Any
    accepts: str
    meaning: str


def describe(instance: Any, without: tuple[str, ...] = ()) -> list[Setting]:
    """The fields of a dataclass and of its parts, as `flatten` names them."""
    kinds = typing.get_type_hints(type(instance), include_extras=True)
    meanings = _meanings(type(instance))
    found = []
    for field in fields(instance):
        value, meaning = getattr(instance, field.name), meanings.get(field.name, "")
        if field.name in without:
            continue
        if is_dataclass(value):
            parts = describe(value)
            found += [replace(part, name=f"{field.name}.{part.name}") for part in parts]
        else:
            accepts = expectation(kinds[field.name])
            found.append(Setting(field.name, value, accepts, meaning))
    return found


def _meanings(kind: type) -> dict[str, str]:
    """What the "Attributes:" of a class's docstring say of each field."""
    _, _, section = (inspect.getdoc(kind) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if re.match(r"    \w", line):
            before, _, text = line.partition(": ")
            names = before.strip().split(", ")
            found |= dict.fromkeys(names, text)
        else:
            found |= {name: f"{found[name]} {line.strip()}".strip() for name in names}
    return found


def expectation(kind: Any) -> str:
    """What a field of that type accepts, as text."""
    arguments: tuple[Any, ...] = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Annotated:
        meta = next(meta for meta in arguments[1:] if isinstance(meta, msgspec.Meta))
        return meta.description or _with_limits(expectation(arguments[0]), meta)
    if typing.get_origin(kind) is typing.Literal:
        return f"one of {', '.join(map(str, arguments))}"
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        options = [option for option in arguments if option is not types.NoneType]
        words = " or ".join(map(expectation, options))
        may_be_none = types.NoneType in arguments and not any(map(_takes_text, options))
        return f"{words}, or {NONE}" if may_be_none else words
    if typing.get_origin(kind) is tuple:
        return f"a list, each {expectation(arguments[0])}"
    if is_dataclass(kind):
        return f"nested settings after a dot, such as {fields(kind)[0].name}"
    of_type: dict[Any, str] = {
        int: "an integer",
        float: "a number",
        str: "a string",
        bool: "true or false",
    }
    return of_type.get(kind, str(kind))


def _set(
    part: Any, path: list[str], name: str, value: Any, where: str, fixed: tuple[str, ...]
) -> Any:
    """The part with the field at the end of the path changed."""
    first, rest = path[0], path[1:]
    known = [field.name for field in fields(part) if field.name not in fixed]
    if first not in known:
        raise PipelineError(
            f"unknown setting {name!r}",
            where=where,
            expected=f"one of {', '.join(known)}",
            remedy=suggest(first, known) or None,
        )
    kind = typing.get_type_hints(type(part), include_extras=True)[first]
    if not rest:
        try:
            return replace(part, **{first: _convert(value, kind)})
        except ValueError:  # msgspec.ValidationError is one too
            raise PipelineError(
                f"{name} = {value!r}", where=where, expected=expectation(kind)
            ) from None
    inner = getattr(part, first)
    if inner is None:
        inner = _new_part(kind, name, where)
    if not is_dataclass(inner):
        raise PipelineError(f"{first!r} has no nested settings", where=f"{where} {name}")
    return replace(part, **{first: _set(inner, rest, name, value, where, ())})


def _new_part(kind: Any, name: str, where: str) -> Any:
    """An optional part that was None, with its defaults."""
    part = next((option for option in typing.get_args(kind) if is_dataclass(option)), None)
    if part is None:
        raise PipelineError("no such part", where=f"{where} {name}")
    return part() if isinstance(part, type) else part


def _convert(value: Any, kind: Any) -> Any:
    arguments = typing.get_args(kind)
    if isinstance(value, str):
        value = value.strip()
        # .5 is no JSON number; ../train.csv is a file
        value = f"0{value}" if value.startswith(".") and value[1:2].isdigit() else value
    may_be_none = types.NoneType in arguments and not any(map(_takes_text, arguments))
    if may_be_none and isinstance(value, str) and value.lower() == NONE:
        return None
    if is_dataclass(value) and type(value) in (kind, *arguments):
        return value
    if hasattr(value, "item") and not getattr(value, "shape", None):
        value = value.item()  # a NumPy scalar
    return msgspec.convert(value, kind, strict=not isinstance(value, str))


def _takes_text(kind: Any) -> bool:
    """Whether any text is a value: then "none" is a text too."""
    return kind is str or (typing.get_origin(kind) is typing.Annotated and kind.__origin__ is str)


def _with_limits(words: str, meta: msgspec.Meta) -> str:
    limits = (
        ("of at least", meta.ge),
        ("above", meta.gt),
        ("of at most", meta.le),
        ("below", meta.lt),
    )
    said = [
        f"{text} {limit:g}" for text, limit in limits if limit is not None and limit < UNLIMITED
    ]
    return " ".join([words, " and ".join(said)]).strip()
