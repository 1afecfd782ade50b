"""Coverage-guided fuzzing of what reads files from elsewhere: nothing but PipelineError is raised.

Needs atheris, which is no dependency of the project:

    python -m pip install atheris
    python tests/corpus/fuzz.py reader -max_total_time=600

Targets: reader, zip, schema, settings, submission, record, checkpoint. What follows is for
libFuzzer, which ends at an input that raises anything else, takes more than 20 s or more than 3 GB,
and saves it.
"""

import hashlib
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

atheris: Any = importlib.import_module("atheris")
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]
with atheris.instrument_imports(include=["pipeline", "csv", "zipfile", "tomllib", "gzip"]):
    import zipfile

    from bad_folders import BAD, zipped
    from benign_forms import BENIGN
    from drafts import TEST, TRAIN, draft

    import pipeline as pp
    from pipeline.checksums import CHECKSUMS, write_checksums
    from pipeline.competition.layout import FileLayout
    from pipeline.competition.overrides import load_overrides
    from pipeline.errors import PipelineError
    from pipeline.files import arrays_bytes
    from pipeline.reading.reader import read
    from pipeline.reading.source import open_source
    from pipeline.reading.unpack import file_names
    from pipeline.runs.folder import PROBABILITIES, RECORD
    from pipeline.runs.record import (
        Data,
        Environment,
        FoldRecord,
        Identity,
        RunRecord,
        Scores,
        encode,
    )
    from pipeline.runs.run import load_run
    from pipeline.submission.check import find_faults
    from pipeline.submission.format import submission_format
    from pipeline.training.checkpoints import ARRAYS, STATE, Checkpoint, Checkpoints, State

LIMITS = ["-timeout=20", "-rss_limit_mb=3000", "-max_len=6000", "-len_control=20"]
ROOT = Path(tempfile.mkdtemp(dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
os.environ["XDG_CACHE_HOME"] = str(ROOT / "cache")


def small_files() -> list[bytes]:
    """Training files of a few rows: the valid one, the bad and the benign."""
    found = []
    for bad in (bad for bad in BAD.values() if not bad.slow):
        drawn = draft()
        bad.change(drawn)
        found.append(drawn.content(TRAIN))
    plain = "label,a,b,c,d\n" + "".join(f"{n % 3},{n},0,1.5,255\n" for n in range(12))
    for form in BENIGN.values():
        content = form(plain)
        found.append(content if isinstance(content, bytes) else content.encode())
    return [content for content in found if len(content) < 6000]


def small_zips() -> list[bytes]:
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    files = ("a/train.csv", b"1,2\n3,4\n"), ("b", b"x")
    return [zipped(*files[:count], method=m) for m in methods for count in (1, 2)]


def fuzz_reader(data: bytes) -> None:
    path = ROOT / "train.csv"
    path.write_bytes(data)
    (ROOT / "raw").unlink(missing_ok=True)
    source = open_source(path)
    read(source, {c for c in (0, 1, source.columns - 1) if 0 <= c < source.columns}, ROOT / "raw")


def fuzz_zip(data: bytes) -> None:
    path = ROOT / "digits.zip"
    path.write_bytes(data)
    names = file_names(path)
    (ROOT / "raw").unlink(missing_ok=True)
    source = open_source(path / names[0] if names else path)
    read(source, {0}, ROOT / "raw")


def fuzz_schema(data: bytes) -> None:
    """A training file and a test file, with a line of three bars between them."""
    folder = ROOT / "schema"
    folder.mkdir(exist_ok=True)
    train, _, test = data.partition(b"|||\n")
    (folder / TRAIN).write_bytes(train)
    (folder / TEST).write_bytes(test)
    pp.inspect(pp.load(folder)).to_text()


def fuzz_settings(data: bytes) -> None:
    (ROOT / "competition.toml").write_bytes(data)
    load_overrides(ROOT, {})


def fuzz_submission(data: bytes) -> None:
    list(find_faults(FORMAT, data))


def fuzz_record(data: bytes) -> None:
    """run.json with the right checksum, as somebody would make it who changes it on purpose."""
    folder = ROOT / "run"
    folder.mkdir(exist_ok=True)
    sums = ""
    for name in (RECORD, *PROBABILITIES):
        content = data if name == RECORD else b""
        (folder / name).write_bytes(content)
        sums += f"{hashlib.sha256(content).hexdigest()}  {name}\n"
    (folder / CHECKSUMS).write_text(sums)
    record = load_run(folder).record
    record.identity.digest  # noqa: B018
    record.comparable  # noqa: B018


def fuzz_checkpoint(data: bytes) -> None:
    """Its state, three bars, and its arrays, with the right checksums."""
    folder = ROOT / "checkpoints" / "00000001-00000002"
    folder.mkdir(parents=True, exist_ok=True)
    state, _, arrays = data.partition(b"|||")
    (folder / STATE).write_bytes(state)
    (folder / ARRAYS).write_bytes(arrays)
    write_checksums(folder)
    if found := Checkpoints(folder.parent, IDENTITY, ENVIRONMENT).load():
        str(found)


def a_checkpoint() -> bytes:
    callbacks = {"BestWeights": {"best": 0.5, "epoch": 1}}
    state = State(1, 2, {"loss": 0.5}, False, False, 3.5, callbacks)
    text = encode(Checkpoint(state, IDENTITY, ENVIRONMENT))
    return text.encode() + b"|||" + arrays_bytes({"weights": np.ones(2)}, compress=False)


def make_format() -> object:
    draft().save(ROOT / "valid")
    return submission_format(pp.load(ROOT / "valid"))


IDENTITY = Identity("dense", {"epochs": 5}, 0, "d" * 64, "f" * 64)
ENVIRONMENT = Environment("1.0", "3.11", {"keras": "3.12"}, "tensorflow", "float32", "x86", 2)


def a_record() -> bytes:
    layout = FileLayout("train.csv", 65, ())
    data = Data("x", "d" * 64, ("0", "1"), (8, 8, 1), False, 0, 255, "uint8", 40, 12, (layout,))
    scores = Scores(0.9, 0.8, 0.95, 0.3, 40)
    fold = FoldRecord("hold-out", "f" * 64, 30, 10)
    return encode(RunRecord(IDENTITY, data, fold, scores, 10, 1.0, 1.0, "2026-01-01")).encode()


TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "reader": (fuzz_reader, small_files),
    "zip": (fuzz_zip, small_zips),
    "schema": (fuzz_schema, lambda: [text + b"|||\n" + text for text in small_files()]),
    "settings": (fuzz_settings, lambda: [
        b'label = "x"\nshape = [4, 16]\n', b"classes = [0, 'a']\nrange = [0, 1.5]\n",
        b"validation = 0.1\nheader = true\n", b"a = [[[[1]]]]\n[b.c]\nd = 1979-05-27T07:32:00Z\n"]),
    "submission": (fuzz_submission, lambda: [
        b"ImageId,Label\n" + b"".join(b"%d,%d\n" % (n, n % 10) for n in range(1, 13))]),
    "record": (fuzz_record, lambda: [a_record()]),
    "checkpoint": (fuzz_checkpoint, lambda: [a_checkpoint()]),
}  # fmt: skip
FORMAT = make_format()


def main() -> None:
    name, *options = sys.argv[1:]
    target, seeds = TARGETS[name]
    found = ROOT / "inputs"
    found.mkdir()
    for number, seed in enumerate(seeds()):
        (found / str(number)).write_bytes(seed)

    def run(data: bytes) -> None:
        with suppress(PipelineError):
            target(data)

    atheris.Setup([sys.argv[0], *LIMITS, *options, str(found)], run)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == "__main__":
    main()
