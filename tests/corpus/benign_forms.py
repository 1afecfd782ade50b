"""Other forms of the same CSV: what is read is the same as of the plain form.

BENIGN maps a name to a function of the file's text, which has LF at the end of each line.
"""

import gzip
import io
import re
import zipfile
from collections.abc import Callable

Form = Callable[[str], str | bytes]


def each_cell(text: str, pattern: str) -> str:
    return re.sub(r"[^,\n]+", lambda found: pattern.format(found[0]), text)


def each_integer(text: str, replacement: str) -> str:
    """Spells numbers otherwise; not those in names, such as pixel7."""
    return re.sub(r"\b(\d+)(?=[,\n])", replacement, text)


def in_the_middle(text: str, line: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:20], line, *lines[20:]])


def mixed_line_ends(text: str) -> str:
    lines = text.split("\n")
    return "".join(
        line + ("\n", "\r\n", "\r")[n % 3] * (n + 1 < len(lines)) for n, line in enumerate(lines)
    )


def zipped(text: str, name: str = "rows.csv", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, text)
        archive.writestr("__MACOSX/._" + name, b"\0\5\x16\7")
    return buffer.getvalue()


BENIGN: dict[str, Form] = {
    "byte-order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "only CR": lambda text: text.replace("\n", "\r"),
    "CR twice": lambda text: text.replace("\n", "\r\r\n"),
    "mixed line ends": mixed_line_ends,
    "quoted cells": lambda text: each_cell(text, '"{}"'),
    "quoted last column": lambda text: re.sub(r"([^,\n]+)\n", r'"\1"\n', text),
    "blank last line": lambda text: text + "\n",
    "many blank last lines": lambda text: text + "\n \n\t\n",
    "blank line in the middle": lambda text: in_the_middle(text, "\n"),
    "spaces in a line of their own": lambda text: in_the_middle(text, "   \n"),
    "blank lines between all rows": lambda text: text.replace("\n", "\n\n"),
    "blank first lines": lambda text: "\n\n" + text,
    "no newline at the end": lambda text: text.removesuffix("\n"),
    "CR without a newline at the end": lambda text: text.replace("\n", "\r").removesuffix("\r"),
    "quoted cells without a newline at the end": lambda text: each_cell(text, '"{}"')[:-1],
    "fractions that are whole": lambda text: each_integer(text, r"\1.0"),
    "a point after each number": lambda text: each_integer(text, r"\1."),
    "many zeros after the point": lambda text: each_integer(text, r"\1.000000"),
    "exponents": lambda text: each_integer(text, r"\1e0"),
    "plus signs": lambda text: each_integer(text, r"+\1"),
    "minus zero": lambda text: re.sub(r"(?<=,)0(?=,)", "-0", text),
    "spaces before": lambda text: each_cell(text, " {}"),
    "spaces after": lambda text: each_cell(text, "{} "),
    "spaces around": lambda text: each_cell(text, "  {} "),
    "spaces before quotes": lambda text: each_cell(text, ' "{}"'),
    "a first line that sets the delimiter": lambda text: "sep=,\n" + text,
    "mark, delimiter line and CRLF": lambda text: "\ufeffsep=,\r\n" + text.replace("\n", "\r\n"),
    "semicolons": lambda text: text.replace(",", ";"),
    "tabs": lambda text: text.replace(",", "\t"),
    "pipes": lambda text: text.replace(",", "|"),
    "gzip": lambda text: gzip.compress(text.encode()),
    "two gzip members": lambda text: b"".join(
        gzip.compress(part.encode()) for part in (text[:999], text[999:])
    ),
    "zip": zipped,
    "zip with LZMA": lambda text: zipped(text, method=zipfile.ZIP_LZMA),
    "zip with a folder": lambda text: zipped(text, "digits/rows.csv"),
    "gzip of a mark and CRLF": lambda text: gzip.compress(
        ("\ufeff" + text.replace("\n", "\r\n")).encode()
    ),
}
