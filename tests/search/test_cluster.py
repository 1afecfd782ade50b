"""Jobs on a Ray cluster: the same bytes as in this process, also if nodes die."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

import pipeline as pp
from pipeline.errors import PipelineError
from pipeline.planning.plan import read_plan
from pipeline.recipes import find_recipe
from pipeline.runs.listing import list_runs
from pipeline.search.engine import EngineChoice, Work
from pipeline.training.job import make_job
from pipeline.training.progress import Progress
from pipeline.training.train import train as train_job

ray = pytest.importorskip("ray", reason="ray is not installed: make test-cluster installs it")
cluster = pytest.mark.cluster
# Ray leaves the processes that it has ended to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
GB = 1 << 30
SAME = ("model.keras", "validation.npy", "test.npy", "history.csv")
MISSING = """
import sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == "pipeline":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Finder)
"""
# Ray puts the paths of the sending process before those of the node.
COPY = """
import sys
from importlib.machinery import PathFinder

class Finder:
    def find_spec(name, path=None, target=None):
        return PathFinder.find_spec(name, ["{folder}"]) if name == "pipeline" else None

sys.meta_path.insert(0, Finder)
"""
GPU = """
import sys
from importlib.machinery import PathFinder

class Finder:
    def find_spec(name, path=None, target=None):
        if name != "pipeline.networks.backend":
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def run_and_change(module):
            run(module)
            module.uses_accelerator = lambda: True

        spec.loader.exec_module = run_and_change
        return spec

sys.meta_path.insert(0, Finder)
"""
NODE = {"num_cpus": 1, "memory": 3 * GB, "object_store_memory": GB // 8}


@pytest.fixture(autouse=True)
def apart(tmp_path, monkeypatch) -> Iterator[None]:
    """Workers import this module's functions by value, and write to a folder of the test."""
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setenv("RAY_TMPDIR", gettempdir())  # the names of its sockets must be short
    monkeypatch.setenv("TMPDIR", str(tmp_path / "workers"))
    (tmp_path / "workers").mkdir()
    yield
    ray.shutdown()


def describe(competition: Any, folder: Path, job: Any, observer: Any) -> Any:
    """Does what the job's name says, and tells what it was given."""
    folder.mkdir(exist_ok=True)
    observer(Progress(job.name, 1, 1, 1, 1, 0.1, {}, True))
    if job.name == "user error":
        raise PipelineError("bad", where="here")
    return SimpleNamespace(
        competition=competition.fingerprint,
        pixels=competition.train_pixels.sum(),
        writeable=competition.train_pixels.flags.writeable,
        folder=folder,
        threads=os.environ["TF_NUM_INTRAOP_THREADS"],
        unset=os.environ.get("OMP_NUM_THREADS"),
    )


def test_a_worker_has_the_data_read_only_and_a_folder_of_its_own(
    tiny, tmp_path, monkeypatch
) -> None:
    from pipeline.search.cluster import Cluster

    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "3")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # which Ray sets
    work, seen = Work(describe, tiny, tmp_path / "runs"), list[str]()
    jobs = [SimpleNamespace(name=name) for name in ("a", "user error", "b")]
    found = Cluster(limit=1).run(work, jobs, lambda progress: seen.append(progress.name))
    outcomes, output = dict[str, Any](), sys.stdout
    for job, outcome in found:
        outcomes[job.name] = outcome
        assert sys.stdout is output  # what is printed between two jobs stays there
    assert set(seen) <= {"a", "user error", "b"}
    for name in "ab":
        one = outcomes[name]
        assert (one.competition, one.pixels) == (tiny.fingerprint, tiny.train_pixels.sum())
        assert (one.writeable, one.threads, one.unset) == (False, "3", None)
        assert one.folder.parent.parent == tmp_path / "workers"
    assert (outcomes["user error"].found, outcomes["user error"].where) == ("bad", "here")
    assert not [
        *(tmp_path / "workers").glob("pixel-pipeline-*/[!.]*")
    ]  # nor of the job that failed
    assert not (tmp_path / "runs").exists()
    with pytest.raises(PipelineError, match="connected to another cluster") as caught:
        next(Cluster("big:6379").run(work, jobs, lambda progress: None))
    assert caught.value.where == "Ray cluster big:6379"


def meet(competition: Any, folder: Path, job: Any, observer: Any) -> list[Any]:
    """Returns its folder, and whether its file is still there when both jobs have written one."""
    folder.mkdir(exist_ok=True)
    (folder / "mine").write_text(job.number)
    (job.shared / job.number).touch()
    until = time.monotonic() + 120
    while len(list(job.shared.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    if job.number == "2":  # the other one has ended, and removed its folder
        time.sleep(2)
    return [folder, (folder / "mine").read_text() == job.number]


def test_two_commands_with_the_same_job_do_not_share_a_folder(tiny, tmp_path) -> None:
    from pipeline.search.cluster import Cluster

    shared = tmp_path / "shared"
    shared.mkdir()
    jobs = [SimpleNamespace(name="same", number=number, shared=shared) for number in "12"]
    work = Work(meet, tiny, tmp_path / "runs")
    with started(2) as nodes:
        found = [outcome for _, outcome in Cluster(nodes.address).run(work, jobs, print)]
    assert len({folder for folder, _ in found}) == 2
    assert [kept for _, kept in found] == [True, True]
    assert not [*(tmp_path / "workers").glob("pixel-pipeline-*/[!.]*")]


def train_one(competition: Any, folder: Path, job: Any, observer: Any) -> pp.Run:
    return train_job(job, competition, folder, observer)


def test_a_command_that_is_stopped_keeps_runs_that_have_just_finished(tiny, tmp_path) -> None:
    from pipeline.search.cluster import Cluster

    jobs = [make_job(find_recipe("dense"), {"epochs": 1}, seed, tiny.hold_out) for seed in (0, 1)]
    with started(2) as nodes:
        found = Cluster(nodes.address).run(Work(train_one, tiny, tmp_path / "tiny"), jobs, print)
        next(found)
        assert len(list_runs(tmp_path / "tiny")) == 1
        until = time.monotonic() + 120
        while any(working(job.name) for job in jobs) and time.monotonic() < until:
            time.sleep(0.2)
        found.close()
    assert {run.name for run in list_runs(tmp_path / "tiny")} == {job.name for job in jobs}


@contextmanager
def started(*cores: int) -> Iterator[Any]:
    """A Ray cluster with a head, which has the first number of cores, and other nodes."""
    from ray.cluster_utils import Cluster as Nodes

    first = {**NODE, "num_cpus": cores[0], "memory": 3 * GB * max(1, cores[0])}
    found = Nodes(initialize_head=True, head_node_args=first)
    try:
        found.workers = [
            found.add_node(wait=False, **{**NODE, "num_cpus": one}) for one in cores[1:]
        ]
        found.wait_for_nodes(timeout=300)
        yield found
    finally:
        ray.shutdown()
        found.shutdown()


def train(
    tiny: Any,
    folder: Path,
    engine: Any,
    seeds: int = 6,
    epochs: int = 40,
    recipes: Sequence[str] = ("dense", "conv"),
) -> list[pp.Run]:
    sweep = {"epochs": [epochs], "early_stopping": [None]}
    return pp.train_all(tiny, recipes, sweep=sweep, seeds=range(seeds), runs=folder, engine=engine)


@cluster
def test_all_runs_are_there_with_the_same_bytes_if_a_node_dies_midway(
    tiny, tmp_path, capsys
) -> None:
    from pipeline.search.cluster import Cluster

    class Killing(Cluster):
        """Kills a node in the middle of its job, when three jobs have ended."""

        def run(self, work: Any, jobs: Any, observer: Any) -> Any:
            ended = 0

            def observe(progress: Progress) -> None:
                if ended >= 3 and len(nodes.workers) == 3:
                    nodes.remove_node(nodes.workers.pop(), allow_graceful=False)
                observer(progress)

            for job, outcome in super().run(work, jobs, observe):
                ended += 1
                yield job, outcome

    with started(0, 1, 1, 1) as nodes:
        ours = train(tiny, tmp_path / "ray", Killing(nodes.address))
        assert len(nodes.workers) == 2
    assert "its worker or node died" in capsys.readouterr().err
    theirs = train(tiny, tmp_path / "inline", "inline")
    assert len(ours) == 12
    for one, two in zip(ours, theirs, strict=True):
        assert {name: one.checksums[name] for name in SAME} == {
            name: two.checksums[name] for name in SAME
        }
    assert {run.name for run in list_runs(tmp_path / "ray/tiny")} == {run.name for run in ours}
    left = [path for path in (tmp_path / "workers").rglob("*") if path.name == "run.json"]
    assert left == []


@cluster
def test_a_worker_that_is_killed_goes_on_from_its_checkpoint(tiny, tmp_path, capsys) -> None:
    from pipeline.search.cluster import Cluster

    after: list[int] = []
    killed: list[psutil.Process] = []

    class Killing(Cluster):
        """Kills the worker when it has saved a checkpoint."""

        def run(self, work: Any, jobs: Any, observer: Any) -> Any:
            def observe(progress: Progress) -> None:
                if killed:
                    after.append(progress.epoch)
                elif any((tmp_path / "workers").rglob("state.json")):
                    killed.extend(working("epochs=400"))
                    for worker in killed:
                        worker.kill()
                observer(progress)

            yield from super().run(work, jobs, observe)

    (one,) = train(tiny, tmp_path / "ray", Killing(limit=1), 1, 400, ["dense"])
    assert "its worker or node died" in capsys.readouterr().err
    assert min(after) > 1  # not from its beginning
    (two,) = train(tiny, tmp_path / "inline", "inline", 1, 400, ["dense"])
    assert one.checksums["model.keras"] == two.checksums["model.keras"]


def working(job: str) -> list[psutil.Process]:
    """The processes that run a job with this in its name, which Ray gives them."""
    found = list(psutil.process_iter(["cmdline"]))
    return [
        each for each in found
        if (name := "".join(each.info["cmdline"] or [])).startswith("ray::") and job in name
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ray.exceptions.OutOfMemoryError("killed"), "Run fewer trainings"),
        (ray.exceptions.ObjectStoreFullError("full"), "--object-store-memory"),
        (ray.exceptions.OutOfDiskError("full"), "free space on their disks"),
        (ray.exceptions.WorkerCrashedError(), "Run the command again"),
    ],
)
def test_what_helps_depends_on_what_ray_says(error, remedy) -> None:
    from pipeline.search.cluster import _failure

    assert remedy in (_failure(SimpleNamespace(name="a"), error).remedy or "")


@pytest.fixture
def old_keras(tmp_path) -> dict[str, Any]:
    """A node with another version of Keras."""
    other = tmp_path / "old" / "keras-0.0.1.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: keras\nVersion: 0.0.1\n")
    return with_path(other.parent)


@pytest.fixture
def changed_code(tmp_path) -> dict[str, Any]:
    """A node with another line in this package."""
    return with_module(tmp_path / "changed", "recipes/dense.py", "# changed\n")


@pytest.fixture
def broken_package(tmp_path) -> dict[str, Any]:
    """A node where a module of this package has an error."""
    return with_module(tmp_path / "broken", "search/remote.py", "del perform\n")


def with_module(folder: Path, module: str, line: str) -> dict[str, Any]:
    """A node with a copy of this package, where a module has one more line."""
    shutil.copytree(Path(pp.__file__).parent, folder / "pipeline")
    with (folder / "pipeline" / module).open("a") as file:
        file.write(line)
    (folder / "sitecustomize.py").write_text(COPY.format(folder=folder))
    return with_path(folder)


@pytest.fixture
def without_this_package(tmp_path) -> dict[str, Any]:
    """A node where this package cannot be imported."""
    other = tmp_path / "without"
    other.mkdir()
    (other / "sitecustomize.py").write_text(MISSING)
    return with_path(other)


def with_path(folder: Path) -> dict[str, Any]:
    """A node where Python looks into this folder first."""
    return {
        **NODE,
        "env_vars": {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])},
    }


@cluster
@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ("old_keras", "keras 0.0.1 instead of"),
        ("changed_code", "the code of pipeline "),
        ("broken_package", "ImportError: cannot import name 'perform'"),
        ("without_this_package", "the package pipeline is missing"),
    ],
)
def test_a_node_that_cannot_run_jobs_is_not_used_and_named(
    node, reason, tmp_path, tiny, capsys, request
) -> None:
    with started(0) as nodes:
        nodes.add_node(wait=False, **request.getfixturevalue(node))
        nodes.wait_for_nodes(timeout=300)
        choice = EngineChoice("ray", address=nodes.address)
        with pytest.raises(PipelineError, match="cannot run jobs") as caught:
            train(tiny, tmp_path / "none", choice, seeds=1, epochs=1)
        assert reason in caught.value.details[0]
        nodes.add_node(**NODE)
        nodes.wait_for_nodes(timeout=300)
        capsys.readouterr()
        assert len(train(tiny, tmp_path / "some", choice, seeds=2, epochs=2)) == 4
        assert "is not used: " in capsys.readouterr().err


@cluster
def test_a_node_that_is_refused_while_the_others_are_away_ends_nothing(
    old_keras, tiny, tmp_path, monkeypatch
) -> None:
    from pipeline.search.cluster import Cluster

    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    back: list[Any] = []

    class Returning(Cluster):
        """Has a good node again when it has seen that there is none."""

        def _count_places(self, refused: Collection[str] = ()) -> int:
            places = super()._count_places(refused)
            if refused and not places and not back:
                back.append(nodes.add_node(**NODE))
            return places

    work, jobs = Work(describe, tiny, tmp_path), [SimpleNamespace(name=name) for name in "ab"]
    with started(0, 1) as nodes:
        found = Returning(nodes.address, limit=1).run(work, jobs, lambda progress: None)
        next(found)
        nodes.remove_node(nodes.workers.pop(), allow_graceful=False)
        nodes.add_node(**old_keras)
        assert [(job.name, outcome.threads) for job, outcome in found] == [("b", "1")]
    assert back


@cluster
def test_ctrl_c_keeps_finished_runs_and_the_same_command_continues(tiny_folder, tmp_path) -> None:
    with started(3) as nodes:
        check_ctrl_c(nodes.address, tiny_folder, tmp_path)


def check_ctrl_c(address: str, tiny_folder: Path, tmp_path: Path) -> None:
    words = ["--model", "dense", "--model", "conv", "--set", "epochs=2,20000"]
    words += ["--set", "early_stopping=none", "--engine", "ray", "--address", address]
    command = [sys.executable, "-m", "pipeline", "train", str(tiny_folder), *words]
    command += ["--runs", str(tmp_path / "runs")]
    finished, epochs = until_interrupted(command, runs=2, epochs=50)
    assert finished == 2
    assert len(list_runs(tmp_path / "runs/tiny")) == 2
    assert min(epochs) == 1
    until = time.monotonic() + 60
    while working("epochs=20000") and time.monotonic() < until:
        time.sleep(0.5)
    assert not working("epochs=20000")
    _, epochs = until_interrupted(command, runs=0, epochs=1, terminate=True)
    assert min(epochs) > 1  # both from a checkpoint
    assert len(list_runs(tmp_path / "runs/tiny")) == 2


def until_interrupted(
    command: list[str], runs: int, epochs: int, terminate: bool = False
) -> tuple[int, list[int]]:
    """Runs a command, and interrupts it when so many runs are finished and both others trained.

    Args:
        terminate: sends SIGTERM to this process alone, and not Ctrl-C to all; then both trainings
            have said that they continue.

    Returns:
        How many runs are finished; the epochs of the others.
    """
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert process.stderr is not None
    finished, seen, continued = 0, dict[str, list[int]](), 0
    while finished < runs or len(seen) < 2 or min(map(len, seen.values())) < epochs:
        line = process.stderr.readline()
        assert line, process.wait()
        finished += bool(re.search(r"epochs=2  accuracy [\d.]+ %", line))
        continued += bool(re.search(r"epochs=20000: continues in epoch \d+$", line))
        if found := re.match(r"(\S+epochs=20000)  epoch +(\d+)/", line):
            seen.setdefault(found[1], []).append(int(found[2]))
    if terminate:
        process.terminate()
    else:
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all
    said = process.communicate(timeout=600)[1]
    word, status = ("Terminated", 143) if terminate else ("Interrupted", 130)
    assert (process.wait(), word in said, continued) == (status, True, 2 * terminate)
    return finished, [epoch for each in seen.values() for epoch in each]


def tell_gpu(competition: Any, folder: Path, job: Any, observer: Any) -> Any:
    """Returns its process and GPU, when as many jobs have started as can run together."""
    (job.shared / job.name).touch()
    until = time.monotonic() + 120
    while len(list(job.shared.iterdir())) < job.together and time.monotonic() < until:
        time.sleep(0.1)
    return [os.getpid(), os.environ["CUDA_VISIBLE_DEVICES"], len(list(job.shared.iterdir()))]


@pytest.fixture
def with_gpu(tmp_path) -> dict[str, Any]:
    """A node whose backend says that it has a GPU. No machine here has one."""
    (folder := tmp_path / "with_gpu").mkdir()
    (folder / "sitecustomize.py").write_text(GPU)
    return with_path(folder)


@cluster
@pytest.mark.parametrize(
    ("gpus", "places", "expected"),
    [(0.5, 4, {"0", "1"}), (0.6, 2, {"0", "1"}), (0, 4, {"-1"})],
)
def test_jobs_share_the_gpus_of_a_node(
    gpus, places, expected, with_gpu, tiny, tmp_path, monkeypatch
) -> None:
    """Twice as many jobs as there are places. A process must not get a second GPU."""
    from pipeline.search.cluster import Cluster

    monkeypatch.delenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (shared := tmp_path / "shared").mkdir()
    jobs = [
        SimpleNamespace(name=f"job {number}", shared=shared, together=places)
        for number in range(2 * places)
    ]
    with started(0) as nodes:
        nodes.add_node(**with_gpu | {"num_cpus": 4, "memory": 9 * GB, "num_gpus": 2})
        nodes.wait_for_nodes(timeout=300)
        engine = Cluster(nodes.address, gpus=gpus)
        assert engine.workers == places
        work = Work(tell_gpu, tiny, tmp_path)
        found = [outcome for _, outcome in engine.run(work, jobs, lambda progress: None)]
    processes, used, together = zip(*found, strict=True)
    assert set(used) == expected
    assert min(together) >= places
    if gpus:
        assert len(set(processes)) == len(jobs)


@cluster
def test_a_node_whose_backend_uses_no_gpu_is_refused(tiny, tmp_path) -> None:
    with started(0) as nodes:
        nodes.add_node(**NODE, num_gpus=1)
        nodes.wait_for_nodes(timeout=300)
        choice = EngineChoice("ray", address=nodes.address, gpus=1)
        with pytest.raises(PipelineError, match="cannot run jobs") as caught:
            train(tiny, tmp_path / "runs", choice, seeds=1, epochs=1)
        assert "its Keras backend uses no GPU" in caught.value.details[0]


@cluster
def test_a_node_that_is_refused_later_ends_the_command_if_there_is_no_other(
    tiny, tmp_path, monkeypatch
) -> None:
    """Instead of waiting for a node that is there."""
    from pipeline.search import cluster as module
    from pipeline.search.cluster import Cluster

    work, jobs = Work(describe, tiny, tmp_path), [SimpleNamespace(name=name) for name in "ab"]
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    with started(1) as nodes:
        found = Cluster(nodes.address, limit=1).run(work, jobs, lambda progress: None)
        next(found)
        monkeypatch.setattr(module, "_expected", lambda: {"keras": "0.0.1"})
        with pytest.raises(PipelineError, match="cannot run jobs"):
            next(found)


def test_a_worker_does_not_load_keras_before_it_knows_its_gpu() -> None:
    script = "import sys, pipeline.search.remote; print('keras' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


@cluster
def test_a_cluster_without_gpus_is_named(tiny_folder, tmp_path) -> None:
    words = ["train", str(tiny_folder), "--engine", "ray", "--gpus", "0.5"]
    command = [sys.executable, "-m", "pipeline", *words, "--runs", str(tmp_path / "runs")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2, result.stderr
    assert "no node has a core, 0.5 GPU and 2 GB of memory" in result.stderr
    assert "leave out `--gpus`" in result.stderr


@cluster
def test_a_budget_is_spent_on_a_cluster(tiny, tmp_path) -> None:
    engine = EngineChoice("ray", workers=2)
    run = pp.train_for(tiny, "3m", engine=engine, runs=tmp_path / "runs", progress=False)
    plan = read_plan(tmp_path / "runs/tiny/plan-3m.json")
    assert (plan.workers, bool(plan.speed)) == (2, True)
    assert len(plan.trainings) > 1
    assert run.name in {each.name for each in list_runs(tmp_path / "runs/tiny")}


@cluster
def test_a_local_cluster_leaves_no_token(tmp_path) -> None:
    """It would change what `ray start` does later."""
    twice = "import ray; from pipeline.search.connection import connect\n"
    twice += "for _ in range(2): connect(None); ray.shutdown()"
    subprocess.run([sys.executable, "-c", twice], env=os.environ | {"HOME": str(tmp_path)},
                   check=True, timeout=900)  # fmt: skip
    assert not (tmp_path / ".ray/auth_token").exists()


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere"])
@cluster
def test_a_cluster_that_is_not_there_is_named(address: str, tiny_folder, tmp_path) -> None:
    words = ["train", str(tiny_folder), "--engine", "ray", "--address", address]
    result = subprocess.run(
        [sys.executable, "-m", "pipeline", *words, "--runs", str(tmp_path / "runs")],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert result.returncode == 2, result.stderr
    assert f"Ray cluster {address}" in result.stderr
    assert "ray start --head" in result.stderr


def wait_for_server(port: int) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.2)


@cluster
def test_a_client_s_address_gives_the_same_bytes(tiny, tmp_path) -> None:
    from ray.cluster_utils import Cluster as Nodes

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    head = {**NODE, "include_dashboard": False, "ray_client_server_port": port}
    nodes = Nodes(initialize_head=True, head_node_args=head)
    try:
        wait_for_server(port)
        choice = EngineChoice("ray", address=f"ray://127.0.0.1:{port}")
        (one,) = train(tiny, tmp_path / "ray", choice, 1, 2, ["dense"])
        with pytest.raises(PipelineError, match=f"another cluster, ray://127.0.0.1:{port}"):
            train(tiny, tmp_path / "other", "ray", 1, 2, ["dense"])
    finally:
        ray.shutdown()
        nodes.shutdown()
    (two,) = train(tiny, tmp_path / "inline", "inline", 1, 2, ["dense"])
    assert one.checksums["model.keras"] == two.checksums["model.keras"]


def test_tuning_on_a_cluster_needs_a_database_server(tiny, tmp_path) -> None:
    for storage in (None, f"sqlite:///{tmp_path}/tuning.db"):
        with pytest.raises(PipelineError) as caught:
            pp.tune(tiny, "dense", engine="ray", storage=storage, runs=tmp_path / "runs")
        assert "postgresql" in (caught.value.expected or "")
    assert list(tmp_path.iterdir()) == [tmp_path / "workers"]
