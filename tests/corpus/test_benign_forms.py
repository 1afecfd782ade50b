"""Files that differ only in their form are read as the same content."""

import json
import re

import pytest
from benign_forms import BENIGN, Form


def headers_kept(form: Form, text: str) -> bytes:
    """Applies a form, leaving digits in the header's names as they are."""
    header, rest = text.split("\n", 1) if text.startswith(("pixel", "label", "id")) else ("", text)
    marked = re.sub(r"\d+", lambda found: "".join(chr(ord("A") + int(d)) for d in found[0]), header)
    changed = form(f"{marked}\n{rest}" if header else rest)
    return changed.encode() if isinstance(changed, str) else changed


@pytest.mark.parametrize("form", BENIGN)
@pytest.mark.parametrize("header", ["none", "names"])
@pytest.mark.parametrize("label", ["first", "last"])
def test_a_form_changes_nothing(folder, form, header, label) -> None:
    folder.fill(header=header, label=label)
    plain = folder.load()
    for name in ("train.csv", "test.csv"):
        text = headers_kept(BENIGN[form], folder.read(name).decode())
        assert text != folder.read(name)
        folder.write(name, text)
    changed = folder.load()
    assert changed.fingerprint == plain.fingerprint
    assert changed.classes == plain.classes


@pytest.mark.parametrize("form", ["CRLF", "quoted cells", "byte-order mark", "spaces before"])
def test_ids_are_read_as_written(folder, form) -> None:
    folder.fill(header="names", ids="both")
    plain = folder.load()
    folder.write("test.csv", BENIGN[form](folder.read("test.csv").decode()))
    assert folder.load().test_ids == plain.test_ids


@pytest.mark.parametrize(
    ("form", "noted"),
    [("no newline at the end", True), ("CR without a newline at the end", True)]
    + [(form, False) for form in ("only CR", "quoted cells without a newline at the end", "gzip")],
)
def test_a_file_whose_last_number_may_be_cut_short_is_read_and_noted(folder, form, noted) -> None:
    folder.fill()
    content = BENIGN[form](folder.read("test.csv").decode())
    folder.write("test.csv", content if isinstance(content, bytes) else content.encode())
    note = "note         test.csv: no newline at the end. Was the last number cut short?\n"
    assert (note in folder.inspect().stdout) == noted
    found = json.loads(folder.inspect("--format", "json").stdout)
    assert found["without_newline"] == ["test.csv"] * noted


def test_the_fingerprint_depends_on_the_content(folder) -> None:
    folder.fill()
    prints = {folder.load().fingerprint}
    for name, cell in (("train.csv", 20), ("train.csv", 64), ("test.csv", 20)):
        folder.fill()
        folder.change(name, lambda rows, c=cell: rows[3].__setitem__(c, (int(rows[3][c]) + 1) % 10))
        prints.add(folder.load().fingerprint)
    assert len(prints) == 4
