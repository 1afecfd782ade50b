"""The proofs' own tools: write points are counted, and a fault happens where it should."""

import os
from contextlib import nullcontext
from pathlib import Path

import pytest
from figures import BEGIN, END, Figures
from write_points import Fault, injected, read_log, run_pipeline

WRITE = "import os, sys\nwith open(sys.argv[1], 'w') as file: file.write('0123456789')\nsys.exit()"


def test_the_write_points_of_this_process_are_counted(tmp_path: Path) -> None:
    watched, log = tmp_path / "watched", tmp_path / "log"
    with injected(watched, log):
        watched.mkdir()
        (watched / "a").write_text("text")
        os.replace(watched / "a", watched / "b")
        (tmp_path / "elsewhere").write_text("text")
        (watched / "b").read_text()
    (watched / "afterwards").write_text("text")
    assert read_log(log) == ("mkdir .", "open a", "write a", "replace b")


@pytest.mark.parametrize("lasting", [False, True])
def test_a_fault_happens_at_its_write_point(tmp_path: Path, lasting: bool) -> None:
    with injected(tmp_path, tmp_path.parent / "log", Fault(2, "ENOSPC", lasting)):
        (tmp_path / "a").mkdir()
        with pytest.raises(OSError, match="No space left on device"):
            (tmp_path / "b").mkdir()
        with pytest.raises(OSError, match="No space") if lasting else nullcontext():
            (tmp_path / "c").mkdir()
        (tmp_path / "a").rmdir()  # works on a full disk


@pytest.mark.parametrize(("error", "status"), [(None, -9), ("EDQUOT", 1)])
def test_a_process_is_killed_or_fails_in_the_middle_of_a_write(
    tmp_path: Path, error: str | None, status: int
) -> None:
    path = tmp_path / "file"
    words = {"under": tmp_path, "before": WRITE}
    assert run_pipeline(path, **words).points == ("open file", "write file")
    assert path.read_text() == "0123456789"
    outcome = run_pipeline(path, fault=Fault(2, error, lasting=True), **words)
    assert (outcome.status, path.read_text()) == (status, "01234")


def test_figures_that_are_not_measured_again_stay() -> None:
    figures = Figures.read(f"Text.\n{BEGIN}{END}\nMore.\n")
    figures.add("Kills", "dense", "0 lost", 100)
    figures.add("Kills", "conv", "1 lost", 100)
    document = figures.replace_in(f"Text.\n{BEGIN}{END}\nMore.\n")
    measured = Figures()
    measured.add("Kills", "conv", "0 lost", 200)
    again = Figures.read(document).updated(measured)
    assert again.sections == {"Kills": {"dense": ("0 lost", "100"), "conv": ("0 lost", "200")}}
    assert again.replace_in(document).count("| conv |") == 1
    assert again.replace_in(document).endswith("More.\n")
