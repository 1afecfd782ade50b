"""Submissions with a fault, and the kinds of faults that must be found; submissions with a doubt.

All are for a competition of 12 test rows and the classes 0..9, without a sample submission.
"""

HEADER = "Id,Category"
ROWS = [f"{row},{row % 10}" for row in range(12)]


def valid() -> list[str]:
    return [HEADER, *ROWS]


def changed(line: int, text: str) -> list[str]:
    lines = valid()
    lines[line] = text
    return lines


def content(lines: list[str] | bytes) -> bytes:
    return lines if isinstance(lines, bytes) else ("\n".join(lines) + "\n").encode()


# Name -> lines or content, and the kinds of the faults.
MUTANTS: dict[str, tuple[list[str] | bytes, list[str]]] = {
    "nothing": (b"", ["empty file"]),
    "newlines": (b"\n\n \n", ["empty file"]),
    "only a byte-order mark": (b"\xef\xbb\xbf\n", ["empty file"]),
    "byte-order mark": ("\n".join(["\ufeff" + HEADER, *ROWS]).encode(), ["byte-order mark"]),
    "UTF-16": ("\n".join(valid()).encode("utf-16"), ["encoding"]),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ["encoding"]),
    "no header": (ROWS, ["header"]),
    "header in lower case": (["id,category", *ROWS], ["header"]),
    "header with a space": (["Id, Category", *ROWS], ["header"]),
    "header in another order": (["Category,Id", *ROWS], ["header"]),
    "header after a blank line": (
        ["", *valid()], ["header", "number of rows", "unknown ids", "class"]
    ),
    "only a header": ([HEADER], ["number of rows", "missing ids"]),
    "a missing row": (valid()[:-1], ["number of rows", "missing ids"]),
    "an additional row": ([*valid(), "12,3"], ["number of rows", "unknown ids"]),
    "a repeated row": ([*valid(), "11,1"], ["number of rows", "repeated ids"]),
    "a repeated id": (changed(3, "1,2"), ["missing ids", "repeated ids"]),
    "an id with a fraction": (changed(3, "2.0,2"), ["missing ids", "unknown ids"]),
    "an id with a space": (changed(3, " 2,2"), ["missing ids", "unknown ids"]),
    "an empty id": (changed(3, ",2"), ["missing ids", "unknown ids"]),
    "ids from 1": (
        [HEADER, *(f"{row},0" for row in range(1, 13))], ["missing ids", "unknown ids"]
    ),
    "a class with a fraction": (changed(4, "3,3.0"), ["class"]),
    "an exponent": (changed(4, "3,3e0"), ["class"]),
    "a class with a space": (changed(4, "3, 3"), ["class"]),
    "an unknown class": (changed(4, "3,ten"), ["class"]),
    "not a number": (changed(4, "3,nan"), ["class"]),
    "an empty class": (changed(4, "3,"), ["class"]),
    "all classes as fractions": ([HEADER, *(f"{row}," + "4.0" for row in range(12))], ["class"]),
    "an additional column": (
        [f"{line},0" for line in valid()], ["header", "fields", "missing ids"]
    ),
    "an index": (
        [",Id,Category", *(f"{n},{line}" for n, line in enumerate(ROWS))],
        ["header", "fields", "missing ids"],
    ),
    "only ids": (
        [line.split(",")[0] for line in valid()], ["header", "fields", "missing ids"]
    ),
    "semicolons": (
        [line.replace(",", ";") for line in valid()], ["header", "fields", "missing ids"]
    ),
    "a trailing comma": (changed(4, "3,3,"), ["fields", "missing ids"]),
    "a blank line in the middle": ([*valid()[:5], "", *valid()[5:]], ["fields", "number of rows"]),
    "a second header": ([*valid(), HEADER], ["number of rows", "unknown ids", "class"]),
    "an unclosed quote": (changed(4, '3,"3'), ["number of rows", "missing ids", "class"]),
    "a cell without end": (changed(4, "3," + "3" * 200_000), ["CSV"]),
    "backspaces as id": (
        [*valid(), "\b\b,3", "\b\b,3"], ["number of rows", "unknown ids", "repeated ids"]
    ),
    "formulas": ([HEADER, *(f"{row},=1+{row}" for row in range(12))], ["class"] * 4),
    "padded classes": ([HEADER, *(f"{row},0{row % 3}" for row in range(12))], ["class"] * 3),
    "negative classes": ([HEADER, *(f"{row},-1" for row in range(12))], ["class"]),
    "classes from 1": ([HEADER, *(f"{row},{row % 10 + 1}" for row in range(12))], ["class"]),
    "probabilities": ([HEADER, *(f"{row},0.{row}" for row in range(12))], ["class"] * 4),
    "many faults": (
        ["id,label", "0,3.0", "0,x", "1,y", "1,z", "2,w,1", "77,5"],
        ["header", "fields", "number of rows", "missing ids", "unknown ids", "repeated ids",
         *["class"] * 4],
    ),
}  # fmt: skip


# Name -> lines, and what a warning says.
DOUBTFUL: dict[str, tuple[list[str], str]] = {
    "the reverse order": (
        [HEADER, *ROWS[::-1]],
        "the rows are in another order than the test rows; a grader goes by their ids",
    ),
    "a mixed order": ([HEADER, *ROWS[6:], *ROWS[:6]], "the rows are in another order"),
    "one class": (
        [HEADER, *(f"{row},7" for row in range(12))],
        "12 of 12 rows are of class '7', and 10% of the training rows",
    ),
    "a class of more than half": (
        [HEADER, *ROWS[:5], *(f"{row},7" for row in range(5, 12))],
        "7 of 12 rows are of class '7', and 10% of the training rows",
    ),
}
