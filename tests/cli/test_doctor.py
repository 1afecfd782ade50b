"""pipeline doctor: what is broken is a line that says what to do, never a traceback."""

import csv
import json
import os
import subprocess
import sys
from collections import namedtuple
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner

import pipeline as pp
from pipeline import machine
from pipeline.cli import main
from pipeline.installation import checks

ROOT = Path(__file__).parents[2]


def doctor(*words: str, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command with modules and packages of a folder before all others."""
    return subprocess.run(
        [sys.executable, "-m", "pipeline", "doctor", *words],
        cwd=path,
        env={**os.environ, "PYTHONPATH": f"{path}{os.pathsep}{ROOT}", **environment},
        capture_output=True,
        text=True,
    )


def require(path: Path, *packages: str) -> None:
    """Lets the installed project require these packages alone: importing all takes seconds."""
    info = path / "pixel_pipeline-0.1.0.dist-info"
    info.mkdir()
    required = "".join(f"Requires-Dist: {name}\n" for name in packages)
    (info / "METADATA").write_text(f"Name: pixel-pipeline\nVersion: 0.1.0\n{required}")


@pytest.fixture
def token(tmp_path, monkeypatch) -> Path:
    """A home with a token for Kaggle, and nothing else that has one."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_KEY", "KAGGLE_CONFIG_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    path = tmp_path / "home/.kaggle/access_token"
    path.parent.mkdir(parents=True)
    path.write_text("KGAT_secret")
    path.chmod(0o600)
    return path


def test_a_working_installation_is_described(tmp_path, token, monkeypatch) -> None:
    monkeypatch.setenv("KAGGLE_KEY", "another secret")
    tmp_path = tmp_path / "runs"
    tmp_path.mkdir()
    result = CliRunner().invoke(main, ["doctor", "--runs", str(tmp_path), "--format", "json"])
    lines = {line["name"]: line for line in json.loads(result.stdout)}
    assert {"Python", "keras", "numpy", "processor", "cores", "memory", "cache"} <= lines.keys()
    assert result.exit_code == 0, result.stdout
    assert lines["Keras backend"]["found"].startswith("tensorflow")
    assert " because " in lines["precision auto"]["found"]
    assert all(name in lines["backends"]["found"] for name in ("torch", "jax"))  # or are absent
    assert str(tmp_path) in lines["runs"]["found"]
    assert list(tmp_path.iterdir()) == []
    assert lines["Kaggle"]["status"] == "ok"
    assert lines["Kaggle"]["found"].endswith(f"; credentials: KAGGLE_KEY, {token}")
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("raise ImportError('libtensorflow.so: bad')", "libtensorflow.so: bad"),
        ("import os; os.abort()", "exit status -6"),
    ],
)
def test_a_broken_tensorflow_is_a_line(content: str, found: str, tmp_path, token) -> None:
    token.unlink()
    (tmp_path / "tensorflow.py").write_text(content)
    require(tmp_path, "click>=8.2")
    result = doctor(path=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("broken")]
    assert "Keras" in line
    assert line.endswith(found)
    assert "make install" in result.stdout
    assert "; credentials: none" in result.stdout
    if find_spec("kaggle"):
        assert "Make a token at" in result.stdout


def test_packages_that_cannot_be_imported_are_named(tmp_path) -> None:
    (tmp_path / "h5py.py").write_text("import os; os.abort()")
    (tmp_path / "markupsafe.py").write_text("print('loading'); raise ImportError('bad build')")
    require(tmp_path, "click>=8.2", "h5py>=3.11", "jinja2>=3.1", "markupsafe>=3.0", "numpy>=2.0")
    result = doctor("--format", "csv", path=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    lines = list(csv.DictReader(result.stdout.splitlines()))
    found = {line["name"]: line["found"] for line in lines if line["status"] == "broken"}
    assert found.keys() == {"h5py", "jinja2", "markupsafe", "Keras"}
    assert found["h5py"].endswith("it cannot be imported: exit status -6")
    assert found["markupsafe"].endswith("it cannot be imported: ImportError: bad build")
    assert found["jinja2"].endswith("ImportError: bad build (in markupsafe)")
    assert all(line["remedy"] for line in lines if line["status"] == "broken")


def test_missing_and_old_packages_are_named(tmp_path) -> None:
    require(tmp_path, "nosuch>=1.0", "numpy>=99.1")
    result = doctor("--format", "csv", path=tmp_path, KERAS_BACKEND="quickly refused")
    assert result.returncode == 1
    lines = {line["name"]: line for line in csv.DictReader(result.stdout.splitlines())}
    assert lines["nosuch"]["found"] == "not installed"
    assert lines["numpy"]["found"].endswith("at least 99.1 is needed")
    assert "make install" in lines["nosuch"]["remedy"]


def test_an_unusable_cache_little_disk_space_and_an_open_token_are_broken(
    tmp_path, token, monkeypatch
) -> None:
    token.chmod(0o644)
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr(checks.metadata, "requires", lambda _: [])
    monkeypatch.setenv("KERAS_BACKEND", "quickly refused")
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda _: usage(100 << 20))
    table = pp.doctor(runs=tmp_path).set_index("name")
    assert table.loc["cache", "status"] == table.loc["runs", "status"] == "broken"
    assert "XDG_CACHE_HOME" in table.loc["cache", "remedy"]
    assert "Free at least 200 MB" in table.loc["runs", "remedy"]
    assert table.loc["Kaggle", "status"] == "broken"
    assert f"{token}: others can read this file" in table.loc["Kaggle", "found"]
    assert f"chmod 600 {token}" in table.loc["Kaggle", "remedy"]


VERSION_1 = {
    "cpu/cpu.cfs_quota_us": "150000",
    "cpu/cpu.cfs_period_us": "100000",
    "memory/memory.limit_in_bytes": f"{8 << 20}",
    "memory/memory.usage_in_bytes": f"{6 << 20}",
    "memory/memory.stat": f"inactive_file 1\ntotal_inactive_file {1 << 20}",
}
VERSION_2 = {
    "cpu.max": "150000 100000",
    "memory.max": f"{8 << 20}",
    "memory.current": f"{6 << 20}",
    "memory.stat": f"anon 1\ninactive_file {1 << 20}",
}
UNLIMITED_1 = {
    "cpu/cpu.cfs_quota_us": "-1",
    "memory/memory.limit_in_bytes": "9223372036854771712",
}
UNLIMITED_2 = {"cpu.max": "max 100000", "memory.max": "max"}


@pytest.mark.parametrize(
    ("limits", "unlimited"), [(VERSION_1, UNLIMITED_1), (VERSION_2, UNLIMITED_2)]
)
def test_the_limits_of_a_container_count(limits, unlimited, tmp_path, monkeypatch) -> None:
    def write(files: dict[str, str]) -> None:
        for name, content in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(f"{content}\n")

    write(limits)
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    assert (machine.cpu_limit(), machine.core_count()) == (1.5, 1)
    assert machine.memory_limit() == 8 << 20
    assert machine.free_memory() == 3 << 20
    write(unlimited)
    assert (machine.cpu_limit(), machine.memory_limit()) == (None, None)
    assert machine.core_count() == len(machine.cores())
