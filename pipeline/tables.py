"""CSV tables, and text that is safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline.files import write_text

FORMULA = re.compile(r"\s*[=+@\uff1d\uff0b\uff0d\uff20-]|[\t\r\n]")  # as text begins
PLAIN = re.compile(r"[=@]|[+-]?[\d.]*")  # no formulas, such as -1 or the class "="


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Writes a CSV with commas, LF line ends, and quotes only where a cell needs them.

    Its text is no formula, see `no_formula`.
    """
    write_text(path, csv_text([*map(no_formula, header)], (map(no_formula, row) for row in rows)))


def no_formula(cell: Any) -> Any:
    """The cell, with an apostrophe in front if a spreadsheet would take its text for a formula."""
    if isinstance(cell, str) and FORMULA.match(cell) and not PLAIN.fullmatch(cell):
        return f"'{cell}"
    return cell


def csv_text(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
