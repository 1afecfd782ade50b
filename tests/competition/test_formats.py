"""Files that differ only in format are read as the same content."""

import re

import pytest


def each_cell(text: str, pattern: str) -> str:
    return re.sub(r"[^,\n]+", lambda found: pattern.format(found[0]), text)


def in_the_middle(text: str, line: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines[:20], line, *lines[20:]])


FORMATS = {
    "byte-order mark": lambda text: "\ufeff" + text,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "only CR": lambda text: text.replace("\n", "\r"),
    "quoted cells": lambda text: each_cell(text, '"{}"'),
    "quoted last column": lambda text: re.sub(r"([^,\n]+)\n", r'"\1"\n', text),
    "blank last line": lambda text: text + "\n",
    "many blank last lines": lambda text: text + "\n \n\t\n",
    "blank line in the middle": lambda text: in_the_middle(text, "\n"),
    "spaces in a line of their own": lambda text: in_the_middle(text, "   \n"),
    "blank first lines": lambda text: "\n\n" + text,
    "no newline at the end": lambda text: text.removesuffix("\n"),
    "CR without a newline at the end": lambda text: text.replace("\n", "\r").removesuffix("\r"),
    "fractions that are whole": lambda text: re.sub(r"\b(\d+)(?=[,\n])", r"\1.0", text),
    "many zeros after the point": lambda text: re.sub(r"\b(\d+)(?=[,\n])", r"\1.000000", text),
    "exponents": lambda text: re.sub(r"\b(\d+)(?=[,\n])", r"\1e0", text),
    "plus signs": lambda text: re.sub(r"\b(\d+)(?=[,\n])", r"+\1", text),
    "spaces before": lambda text: each_cell(text, " {}"),
    "spaces after": lambda text: each_cell(text, "{} "),
    "spaces around": lambda text: each_cell(text, "  {} "),
    "spaces before quotes": lambda text: each_cell(text, ' "{}"'),
    "a first line that sets the delimiter": lambda text: "sep=,\n" + text,
    "mark, delimiter line and CRLF": lambda text: "\ufeffsep=,\r\n" + text.replace("\n", "\r\n"),
    "semicolons": lambda text: text.replace(",", ";"),
}


def headers_kept(format, text: str) -> str:
    """Applies a format, leaving digits in the header's names as they are."""
    header, rest = text.split("\n", 1) if text.startswith(("pixel", "label", "id")) else ("", text)
    marked = re.sub(r"\d+", lambda found: "".join(chr(ord("A") + int(d)) for d in found[0]), header)
    return format(f"{marked}\n{rest}" if header else rest)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("label", ["first", "last"])
def test_a_format_changes_nothing(folder, format, header, label) -> None:
    folder.fill(header=header, label=label)
    plain = folder.load()
    for name in ("train.csv", "test.csv"):
        text = headers_kept(FORMATS[format], folder.read(name).decode())
        assert text.encode() != folder.read(name)
        folder.write(name, text)
    changed = folder.load()
    assert changed.fingerprint == plain.fingerprint
    assert changed.classes == plain.classes


@pytest.mark.parametrize("format", ["CRLF", "quoted cells", "byte-order mark", "spaces before"])
def test_ids_are_read_as_written(folder, format) -> None:
    folder.fill(header="names", ids="both")
    plain = folder.load()
    folder.write("test.csv", FORMATS[format](folder.read("test.csv").decode()))
    assert folder.load().test_ids == plain.test_ids


def test_the_fingerprint_depends_on_the_content(folder) -> None:
    folder.fill()
    prints = {folder.load().fingerprint}
    for name, cell in (("train.csv", 20), ("train.csv", 64), ("test.csv", 20)):
        folder.fill()
        folder.change(name, lambda rows, c=cell: rows[3].__setitem__(c, (int(rows[3][c]) + 1) % 10))
        prints.add(folder.load().fingerprint)
    assert len(prints) == 4
