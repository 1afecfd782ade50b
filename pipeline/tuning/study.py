"""The study of a tuning: where Optuna keeps its trials, so that none is lost."""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import optuna
import psutil
import sqlalchemy
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages.journal import JournalStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from pipeline.errors import PipelineError
from pipeline.files import check_writable
from pipeline.machine import host
from pipeline.metrics.metric import ACCURACY, METRICS, Metric
from pipeline.networks.space import Choice, Float, Range, Space
from pipeline.runs.record import Identity
from pipeline.tuning.journal import Journal, check_journal

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
IDENTITY, SEARCHED, METRIC = "identity", "searched", "metric"  # user attributes of a study
OWNER, ALIVE, ERROR, FAILURES = "owner", "alive", "error", "failures"  # of a trial
CLOCK = 60.0  # seconds; the time at which a process began changes when the clock is set
SILENT = 300.0  # seconds after which a trial on another machine is taken for dead
TRIES = 3  # of settings whose training fails
WAIT, ATTEMPTS = 60, 5  # seconds for the lock of an SQLite file; attempts to open a database
# What Optuna raises for lines that are not its own.
NO_JOURNAL = (ValueError, TypeError, LookupError, AttributeError, AssertionError, RecursionError)

optuna.logging.set_verbosity(optuna.logging.WARNING)


@dataclass(frozen=True)
class Place:
    """Where a study is kept: all that another process needs to open it.

    Attributes:
        name: name of the study.
        journal: path of its journal file, which is used without a URL.
        url: URL of an Optuna storage, such as "sqlite:///tuning.db".
    """

    name: str
    journal: Path
    url: str | None = None

    def __str__(self) -> str:
        """The path, or the URL without its password."""
        try:
            url = self.url and sqlalchemy.make_url(self.url).render_as_string(hide_password=True)
        except (ValueError, sqlalchemy.exc.ArgumentError):
            url = "--storage"
        return url or str(self.journal)

    def exists(self) -> bool:
        """Whether there are studies. Nothing is written, not even an empty database.

        Raises:
            PipelineError: see `open`.
        """
        if self.url is None:
            return self.journal.exists()
        with self._explained():
            return _has_studies(self.url)

    def prepare(self) -> None:
        """Makes the journal's folder.

        Raises:
            PipelineError: a line of the journal is damaged.
        """
        if self.url is None:
            check_writable(self.journal.parent)
            if self.journal.exists():
                check_journal(self.journal)

    def open(self) -> BaseStorage:
        """The storage.

        Raises:
            PipelineError: it cannot be reached, or the URL is not one.
        """
        if self.url is None:
            try:
                return JournalStorage(Journal(self.journal))
            except NO_JOURNAL as error:
                raise PipelineError(
                    f"not a journal of trials, or it is damaged: {str(error)[:200]}",
                    where=self.journal,
                    remedy="Restore it, or remove it: then all trials are made again.",
                ) from None
        with self._explained():
            return _open_database(self.url)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of a database that say what was expected."""
        try:
            yield
        except (ImportError, ValueError, sqlalchemy.exc.SQLAlchemyError) as error:
            raise PipelineError(
                f"the storage cannot be opened: {str(error).splitlines()[0]}",
                where=str(self),
                expected="the URL of an Optuna storage, such as sqlite:///tuning.db or "
                "postgresql+psycopg://user:password@host/database",
                remedy="Install the driver of the database if it is missing, such as psycopg."
                if isinstance(error, ImportError)
                else None,
            ) from None


def _has_studies(url: str) -> bool:
    parts = sqlalchemy.make_url(url)
    if parts.drivername.startswith("sqlite") and not Path(parts.database or "").is_file():
        return False
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    return bool(sqlalchemy.inspect(engine).has_table("studies"))


def _open_database(url: str) -> RDBStorage:
    """A database, whose tables are made if there are none.

    Two machines may make them at the same time; then one of them fails, and finds them afterwards.
    """
    options: dict[str, Any] = {"poolclass": sqlalchemy.NullPool}  # keeps no connection open
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": WAIT}
    for attempt in itertools.count(1):
        try:
            return RDBStorage(url, engine_kwargs=options)
        except (sqlalchemy.exc.IntegrityError, sqlalchemy.exc.ProgrammingError):
            if attempt == ATTEMPTS:
                raise
            time.sleep(1)
    raise AssertionError


def make_study(
    place: Place,
    identity: Identity,
    space: Space,
    pruner: optuna.pruners.BasePruner,
    metric: Metric = ACCURACY,
) -> optuna.Study:
    """The study at that place. It is made if it does not exist.

    Args:
        identity: of a trial's training with the recipe's own settings.
        metric: the metric that compares trials.

    Raises:
        PipelineError: the study was made with other data, settings or ranges, or another metric.
    """
    study = optuna.create_study(
        storage=place.open(),
        study_name=place.name,
        direction="maximize" if metric.higher_is_better else "minimize",
        pruner=pruner,
        load_if_exists=True,
    )
    ranges = {name: str(each) for name, each in space.ranges.items()}
    searched = {"ranges": ranges, "executions": space.executions}
    if IDENTITY not in study.user_attrs:
        study.set_user_attr(SEARCHED, searched)
        study.set_user_attr(METRIC, metric.name)
        study.set_user_attr(IDENTITY, msgspec.to_builtins(identity))
        return study
    differing = _identity(study).differences(identity)
    differing += ["the search space has changed"] * (study.user_attrs.get(SEARCHED) != searched)
    differing += _other_metric(study, metric)
    if differing:
        raise PipelineError(
            "the trials that are there were made with other settings, layers or data",
            where=str(place),
            remedy="Use another --seed or --storage, or remove "
            + ("the study." if place.url else "the file."),
            details=differing,
        )
    return study


def metric_of(study: optuna.Study) -> Metric:
    """The metric that compares the trials of a study.

    Raises:
        PipelineError: this version does not know the metric.
    """
    name = str(study.user_attrs.get(METRIC, ACCURACY.name))
    if name not in METRICS:
        expected = f"one of {', '.join(METRICS)}"
        raise PipelineError(
            f"metric {name!r}", where=f"study {study.study_name}", expected=expected
        )
    return METRICS[name]


def changes_since(study: optuna.Study, data: str, fold: str, metric: Metric) -> list[str]:
    """What has changed since the study was made, as texts.

    Args:
        data: the competition's fingerprint.
        fold: the digest of the fold that scores the trials.
    """
    earlier = _identity(study)
    now = replace(earlier, data=data, fold=fold)
    return earlier.differences(now) + _other_metric(study, metric)


def _identity(study: optuna.Study) -> Identity:
    try:
        return msgspec.convert(study.user_attrs[IDENTITY], Identity)
    except (KeyError, msgspec.ValidationError) as error:
        raise PipelineError(
            f"not a study of `pipeline tune`: {str(error)[:200]}",
            where=f"study {study.study_name}",
        ) from None


def _other_metric(study: optuna.Study, metric: Metric) -> list[str]:
    earlier = metric_of(study)
    return [] if metric is earlier else [f"the metric: {earlier.title}, now {metric.title}"]


def find_study(place: Place, others: Sequence[str] = ()) -> optuna.Study:
    """The study at that place.

    Args:
        others: names of other studies, for the message.

    Raises:
        PipelineError: there is none, or a line of its journal is damaged.
    """
    try:
        if place.exists():
            if place.url is None:
                check_journal(place.journal)
            return optuna.load_study(study_name=place.name, storage=place.open())
    except KeyError:
        pass
    raise PipelineError(
        "there are no trials",
        where=str(place),
        remedy=f"There are trials of {', '.join(others)}: give the --model, --epochs, --set and "
        "--seed in one of these names."
        if others
        else "Run `pipeline tune` first.",
    )


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """The ranges of a space for Optuna."""
    return {name: _distribution(each) for name, each in space.ranges.items()}


def _distribution(one: Range) -> BaseDistribution:
    if isinstance(one, Choice):
        return CategoricalDistribution(one.values)
    if isinstance(one, Float):
        return FloatDistribution(one.low, one.high, log=one.log, step=one.step)
    return IntDistribution(one.low, one.high, log=one.log, step=one.step)


def claim(trial: Trial) -> None:
    """Notes that a command on this machine works on the trial."""
    process = psutil.Process()
    owner = {"host": host(), "process": process.pid, "began": process.create_time()}
    trial.set_user_attr(OWNER, owner)
    trial.set_user_attr(ALIVE, time.time())


def retry_stale(study: optuna.Study, alone: bool) -> int:
    """Ends trials of commands that were killed, and queues their settings again.

    A command may also have been killed between these two steps. Its settings are queued too, but
    only if no other command can be between these steps now.

    Args:
        alone: whether no other command can be working on the study.

    Returns:
        The number of these trials.
    """
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    stale = [trial for trial in running if alone or not _is_alive(trial)]
    lost = _ended_only(study) if alone else []
    for trial in lost:
        _queue_again(study, trial)
    return len(lost) + sum(retry(study, trial) for trial in stale)


def _ended_only(study: optuna.Study) -> list[FrozenTrial]:
    """Interrupted or failed trials whose settings were not queued again."""
    trials = study.get_trials(deepcopy=False)
    return [
        trial
        for number, trial in enumerate(trials)
        if trial.state == TrialState.FAIL
        and _may_be_tried(trial)
        and all(parameters_of(later) != parameters_of(trial) for later in trials[number + 1 :])
    ]


def _is_alive(trial: FrozenTrial) -> bool:
    """Whether the command that works on the trial is still there."""
    owner, started = trial.user_attrs.get(OWNER), trial.datetime_start
    if owner and owner["host"] == host():
        try:
            process = psutil.Process(owner["process"])
            began, ended = process.create_time(), process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
        return abs(began - owner["began"]) < CLOCK and not ended
    seen = trial.user_attrs.get(ALIVE, started.timestamp() if started else 0.0)
    return time.time() - float(seen) < SILENT


def retry(study: optuna.Study, trial: FrozenTrial) -> bool:
    """Ends a trial that was interrupted, or has failed, and queues its settings again.

    Several commands may try this at the same time; only one of them succeeds. Settings that have
    failed several times are not queued again.

    Returns:
        Whether this command succeeded.
    """
    try:
        study.tell(trial.number, state=TrialState.FAIL)
    except (ValueError, UpdateFinishedTrialError):  # it has ended already
        return False
    if _may_be_tried(trial):
        _queue_again(study, trial)
    return True


def _may_be_tried(trial: FrozenTrial) -> bool:
    return bool(parameters_of(trial)) and _failures(trial) < TRIES


def _failures(trial: FrozenTrial) -> int:
    """How often the settings of the trial have failed."""
    return int(trial.user_attrs.get(FAILURES, 0)) + (ERROR in trial.user_attrs)


def _queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    study.enqueue_trial(parameters_of(trial), {FAILURES: _failures(trial)})


def parameters_of(trial: FrozenTrial) -> dict[str, Any]:
    """The parameters of a trial, including those that it was queued with."""
    queued: dict[str, Any] = trial.system_attrs.get("fixed_params", {})
    return queued | trial.params
