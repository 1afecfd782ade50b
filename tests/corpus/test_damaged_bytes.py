"""Properties: a form changes nothing; a damaged byte is refused, or changes one value at most."""

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from benign_forms import BENIGN
from drafts import TRAIN, draft
from hypothesis import example, given, settings
from hypothesis import strategies as st

import pipeline as pp
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError

PLAIN = draft().text(TRAIN)
PACKED = sorted(name for name in BENIGN if isinstance(BENIGN[name](PLAIN), bytes))
# Forms that leave cells as they are, so that these can be spelled in several ways too.
OF_LINES = {*PACKED, "byte-order mark", "CRLF", "only CR", "CR twice", "mixed line ends", "tabs",
            "blank last line", "blank lines between all rows", "no newline at the end", "pipes",
            "semicolons", "a first line that sets the delimiter"}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damaged") / "competition"
    draft().save(folder)
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> Competition:
    return pp.load(place)


def spell(value: int, spelling: int) -> str:
    text = str(value)
    return (text, f"{text}.0", f" {text}", f'"{text}"', f"+{text}", f"0{text}")[spelling]


@settings(max_examples=60)
@given(
    pixels=st.lists(st.lists(st.integers(0, 255), min_size=9, max_size=9), min_size=4, max_size=9),
    spellings=st.lists(st.integers(0, 5), min_size=9, max_size=9),
    form=st.sampled_from(sorted(BENIGN)),
)
def test_any_table_in_any_form_is_read_as_written(
    place: Path, pixels: list[list[int]], spellings: list[int], form: str
) -> None:
    folder = place.parent / "forms"
    folder.mkdir(exist_ok=True)
    labels = [str(row % 2) for row in range(len(pixels))]
    lines = [",".join(["label", *(f"p{name}" for name in "abcdefghi")])]
    for label, row in zip(labels, pixels, strict=True):
        pairs = zip(row, spellings, strict=True)
        cells = [spell(value, way if form in OF_LINES else 0) for value, way in pairs]
        lines.append(",".join([label, *cells]))
    content = BENIGN[form]("\n".join(lines) + "\n")
    (folder / TRAIN).write_bytes(content if isinstance(content, bytes) else content.encode())
    found = pp.load(folder, range=(0, 255))
    assert found.train_pixels.tolist() == pixels
    assert [found.classes[label] for label in found.labels] == labels


def outcome(place: Path, whole: Competition, content: bytes) -> str:
    """What becomes of a damaged training file: equal, refused, or another value."""
    (place / TRAIN).write_bytes(content)
    try:
        found = pp.load(place)
    except PipelineError:
        return "refused"
    if found.fingerprint == whole.fingerprint:
        return "equal"
    assert found.train_pixels.shape == whole.train_pixels.shape
    pixels = np.count_nonzero(found.train_pixels != whole.train_pixels)
    names, before = ([c.classes[label] for label in c.labels] for c in (found, whole))
    labels = sum(name != old for name, old in zip(names, before, strict=True))
    assert pixels + labels <= 1
    assert np.array_equal(found.test_pixels, whole.test_pixels)
    return "another value"


def damage(content: bytes, kind: str, at: int, byte: int) -> bytes:
    at %= len(content)
    if kind == "cut":
        return content[:at]
    middle = {"insert": bytes([byte, content[at]]), "remove": b"", "replace": bytes([byte])}
    return content[:at] + middle[kind] + content[at + 1 :]


KINDS = ("insert", "remove", "replace", "replace")
BYTES = st.one_of(st.integers(0, 255), st.sampled_from(list(b"0123456789,.;-+\"'\r\n \t\0eE#")))


@settings(max_examples=150)
@given(kind=st.sampled_from(KINDS), at=st.integers(0, 9999), byte=BYTES)
@example(kind="replace", at=0, byte=ord('"'))
@example(kind="remove", at=len(PLAIN) - 1, byte=0)
@example(kind="insert", at=len(PLAIN) - 2, byte=ord('"'))
def test_a_damaged_byte_is_refused_or_changes_one_value(
    place: Path, whole: Competition, kind: str, at: int, byte: int
) -> None:
    outcome(place, whole, damage(PLAIN.encode(), kind, at, byte))


@settings(max_examples=80)
@given(
    form=st.sampled_from(PACKED),
    kind=st.sampled_from([*KINDS, "cut"]),
    at=st.integers(0, 9999),
    byte=st.integers(0, 255),
)
def test_a_damaged_byte_of_an_archive_is_refused_or_changes_nothing(
    place: Path, whole: Competition, form: str, kind: str, at: int, byte: int
) -> None:
    packed = BENIGN[form](PLAIN)
    assert isinstance(packed, bytes)
    assert outcome(place, whole, damage(packed, kind, at, byte)) != "another value"


@pytest.mark.faults
@pytest.mark.parametrize("form", ["CRLF", "quoted cells", "tabs", "gzip", "zip with LZMA", ""])
def test_thousands_of_damaged_bytes(
    place: Path, whole: Competition, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = BENIGN[form](PLAIN) if form else PLAIN
    content = changed if isinstance(changed, bytes) else changed.encode()
    draw = random.Random(0)
    counts = Counter(
        outcome(
            place,
            whole,
            damage(content, draw.choice(KINDS), draw.randrange(len(content)), draw.randrange(256)),
        )
        for _ in range(2000)
    )
    with capsys.disabled():
        print(f"\n2,000 damaged bytes of {form or 'the plain form'}: {dict(counts)}")
