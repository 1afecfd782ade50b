"""The live display of running jobs: bars and time left on a terminal, lines elsewhere."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Column

from pipeline.errors import printable
from pipeline.runs.ranking import interval_of, metric_of, value_of
from pipeline.runs.run import Run
from pipeline.search.budget import Budget
from pipeline.search.time_left import TimeLeft, in_words
from pipeline.training.job import Job
from pipeline.training.progress import Progress

ALL, BUDGET = "all jobs", "budget"
BAR, STATE, TIME = 20, len("epoch 100/100  99.99 %"), len("12 h 59 min")  # widths


class Display:
    """Shows the progress of jobs on standard error, or in a notebook.

    A terminal gets a bar for each job that runs, its best validation accuracy so far, and its time
    left; a log file gets a line for each epoch, with the time left for all jobs.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool = False, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, quiet=quiet, highlight=False)
        self.live = not quiet and (self.console.is_terminal or self.console.is_jupyter)
        self.bars = Bars(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(BAR),
            TextColumn("{task.fields[state]}", table_column=Column(no_wrap=True, min_width=STATE)),
            TextColumn("{task.fields[left]}", table_column=Column(no_wrap=True, min_width=TIME)),
            console=self.console,
            transient=True,
        )
        self.plans: dict[str, str] = {}
        self.budget: Budget | None = None
        self.time_left = TimeLeft([])
        self.tasks: dict[str, TaskID] = {}
        self.shares: dict[str, float] = {}
        self.accuracies: dict[str, float] = {}  # the best of each job so far
        self.best_score = ""  # of a budget so far

    @contextmanager
    def show(
        self, jobs: Sequence[Job], budget: Budget | None = None, more: int = 0
    ) -> Iterator[None]:
        """Shows these jobs while the block runs, or those that a budget is spent on.

        Args:
            more: how many other jobs will be added.
        """
        self.plans, self.shares, self.budget, self.best_score = {}, {}, budget, ""
        self.time_left = TimeLeft(jobs, more)
        for job in jobs:
            self._plan(job)
        if not self.live or not (jobs or budget or more):
            yield
            return
        if budget:
            self.tasks[ALL] = self.bars.add_task(BUDGET, total=1, state="starting", left="")
        elif len(jobs) + more > 1:
            total = len(jobs) + more
            self.tasks[ALL] = self.bars.add_task(ALL, total=total, state="starting", left="")
        with self.bars:
            yield
        while self.tasks:
            self.bars.remove_task(self.tasks.popitem()[1])

    def add(self, job: Job) -> None:
        """Shows one more job."""
        self._plan(job)
        self.time_left.add(job)

    def _plan(self, job: Job) -> None:
        """Notes the plan of a job, to be printed when it starts, unless another job has it too."""
        plan = job.plan()
        self.plans[job.name] = "" if plan in self.plans.values() else plan
        self.shares[job.name] = 0.0

    def progress(self, progress: Progress) -> None:
        """Shows the progress of a job."""
        name, accuracy = progress.name, progress.scores.get("val_accuracy", 0.0)
        if name not in self.time_left.began and self.plans[name]:
            self._print(f"{self._fitted(name)}: {self.plans[name]}")
        if progress.note:
            self.warn(f"{name}: {progress.note}")
        self.time_left.update(progress)
        if not self.live:
            if progress.epoch_ended:
                self._print(f"{progress.line()}  {in_words(self._seconds_left())} left")
            return
        self.accuracies[name] = max(self.accuracies.get(name, 0.0), accuracy)
        state = f"epoch {progress.epoch}/{progress.epochs}"
        if self.accuracies[name]:
            state += f"  {100 * self.accuracies[name]:.2f} %"
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(self._fitted(name), total=1, state="", left="")
        left = in_words(self.time_left.of(name))
        self.bars.update(self.tasks[name], completed=progress.share, state=state, left=left)
        self._share(name, progress.share)

    def finish(self, name: str, run: Run) -> None:
        """Replaces the bar of a job by its result."""
        record = run.record
        views = record.settings["tta_views"] * record.settings["tta_angles"]
        with_tta = f" with {views} TTA views" if views > 1 else ""
        without = metric_of(run).saved(record.training and record.training.without_tta)
        if without is not None:
            with_tta += f", {metric_of(run).with_unit(without)} without"
        self.end(name, f"{name}  {_score(run)}{with_tta}  {record.fit_seconds:.1f} s")

    def fail(self, name: str) -> None:
        """Replaces the bar of a job that failed; the error is shown when all jobs have ended."""
        self.end(name, f"{name}: failed")

    def end(self, name: str, line: str) -> None:
        """Replaces the bar of a job by a line."""
        self._remove(name)
        self._print(line)

    def best(self, run: Run) -> None:
        """Shows the best result of a budget so far."""
        self._print(f"best so far: {run.name}  {_score(run)}")
        if ALL in self.tasks:
            self.best_score = f"best {metric_of(run).with_unit(value_of(run))}"
            self.bars.update(self.tasks[ALL], state=self.best_score)

    def note(self, text: str) -> None:
        """Prints a line."""
        self._print(text)

    def warn(self, text: str) -> None:
        """Prints a line, also if nothing else is shown."""
        console = Console(stderr=True) if self.console.quiet else self.console
        console.print(printable(text, "\n"), markup=False, highlight=False, soft_wrap=True)

    def _fitted(self, name: str) -> str:
        """The name, shortened if a line would not fit the terminal; a log has all of it."""
        if not self.live:
            return name
        width = max(12, self.console.width - BAR - STATE - TIME - 4)
        if len(name) <= width:
            return name
        end = (width - 1) // 2  # the end tells values and seeds apart
        return f"{name[: width - 1 - end]}\N{HORIZONTAL ELLIPSIS}{name[-end:]}"

    def _remove(self, name: str) -> None:
        if name in self.tasks:
            self.bars.remove_task(self.tasks.pop(name))
        self.time_left.end(name)
        self._share(name, 1.0)

    def _share(self, name: str, share: float) -> None:
        self.shares[name] = share
        if ALL in self.tasks and self.budget:
            done = 1 - self.budget.left / self.budget.seconds
            ended = sum(share == 1.0 for share in self.shares.values())
            state, left = self.best_score or f"{ended} finished", in_words(self._seconds_left())
            self.bars.update(self.tasks[ALL], completed=done, state=state, left=left)
        elif ALL in self.tasks:
            ended = sum(share == 1.0 for share in self.shares.values())
            count = len(self.shares) + self.time_left.more
            self.bars.update(
                self.tasks[ALL],
                completed=sum(self.shares.values()),
                state=f"{ended}/{count}",
                left=in_words(self._seconds_left()) if self.time_left.began else "",
            )

    def _seconds_left(self) -> float:
        """Time left for all jobs, or of the budget."""
        return max(self.budget.left, 0) if self.budget else self.time_left.of_all()

    def _print(self, text: str) -> None:
        """Lines of a log are never wrapped or cut."""
        self.console.print(printable(text, "\n"), markup=False, highlight=False, soft_wrap=True)


def _score(run: Run) -> str:
    """ "accuracy 98.95 % (96.97 - 99.64)" """
    metric = metric_of(run)
    return f"{metric.title} {metric.with_interval(value_of(run), *interval_of(run))}"
