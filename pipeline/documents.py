"""Reads small files safely: their size and their nesting depth are limited."""

import hashlib
import io
import math
import re
import struct
import tomllib
import zipfile
import zlib
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

T = TypeVar("T")
MAX_SIZE = 1 << 24  # bytes
MAX_ARRAYS = 1 << 28  # bytes of the unpacked arrays of a .npz file
NPZ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # what NumPy writes
# Errors of reading a damaged archive, besides ValueError; an encrypted one raises a RuntimeError.
DAMAGE = (
    ArithmeticError,
    EOFError,
    LookupError,
    RuntimeError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
SEAL = re.compile(rb'(.*\n)  "sha256": "([0-9a-f]{64})"\n\}\n', re.DOTALL)


def read_small(path: Path) -> bytes:
    """The content of a file of at most MAX_SIZE bytes.

    Raises:
        OSError: it cannot be read.
        ValueError: it is larger, or a pipe.
    """
    if path.is_fifo():  # it may never end
        raise ValueError("it is a pipe")
    with open(path, "rb") as file:
        content = file.read(MAX_SIZE + 1)
    if len(content) > MAX_SIZE:
        raise ValueError(f"it has more than {MAX_SIZE >> 20} MB")
    return content


def parse_json(content: bytes, kind: type[T]) -> T:
    """JSON as a typed value.

    Raises:
        ValueError: it is not JSON, or not of this type.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_toml(content: bytes) -> dict[str, Any]:
    """The content of a TOML file, with or without a byte-order mark.

    Raises:
        ValueError: it is not TOML.
    """
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_array(
    content: bytes, dtype: npt.DTypeLike | None = None, shape: tuple[int, ...] | None = None
) -> npt.NDArray[Any]:
    """The array in the content of a .npy file. Memory is allocated only for data that is there.

    Args:
        dtype, shape: those that it must have; None for any.

    Raises:
        ValueError: it is not such an array, or it holds Python objects.
    """
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):  # what NumPy writes unless a header is very long
        raise ValueError(f"its format has version {version}")
    found, _, found_dtype = np.lib.format.read_array_header_1_0(file)
    if (shape is not None and found != shape) or (dtype is not None and found_dtype != dtype):
        expected = f"{np.dtype(dtype)} {shape}"
        raise ValueError(f"it is an array {found_dtype} {found}, expected {expected}"[:200])
    size = len(content) - file.tell()
    if min(found, default=1) < 0 or math.prod(found) * found_dtype.itemsize != size:
        raise ValueError(f"its shape {found} does not fit its size"[:200])
    file.seek(0)
    array: npt.NDArray[Any] = np.load(file, allow_pickle=False)
    return array


def parse_arrays(content: bytes, max_size: int = MAX_ARRAYS) -> dict[str, npt.NDArray[Any]]:
    """The arrays in the content of a .npz file, by name.

    Args:
        max_size: bytes of the unpacked arrays.

    Raises:
        ValueError: it is not an archive of arrays, or they are too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > max_size:
                raise ValueError(f"it unpacks to more than {max_size >> 20} MB")
            if any(member.compress_type not in NPZ for member in members):
                raise ValueError("it is compressed in another way than by NumPy")
            return {
                name.removesuffix(".npy"): parse_array(archive.read(name))
                for name in archive.namelist()
            }
    except DAMAGE as error:
        raise ValueError(str(error)) from None


def seal(text: str) -> str:
    """A JSON object with a last member: the SHA-256 of the text before it.

    Args:
        text: an object in JSON, indented by two spaces, with a line end.
    """
    before = text.removesuffix("\n}\n") + ",\n"
    return f'{before}  "sha256": "{_digest(before.encode())}"\n}}\n'


def read_sealed(path: Path, kind: type[T]) -> T:
    """The typed value in a file that was written with `seal`.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON of this type, or it was changed.
    """
    content = read_small(path)
    value = parse_json(content, kind)
    found = SEAL.fullmatch(content)
    if not found:
        raise ValueError("it has no checksum at its end")
    if _digest(found[1]) != found[2].decode():
        raise ValueError("it was changed or damaged: its checksum differs")
    return value


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
