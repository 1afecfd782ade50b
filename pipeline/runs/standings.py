"""The runs in order, with what the paired tests say of their differences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Labels, Probabilities, Rows
from pipeline.runs.comparison import LUCK, agreement, paired_tests, places
from pipeline.runs.leaderboard import rank
from pipeline.runs.run import Run


@dataclass(frozen=True)
class Standings:
    """Runs on the same validation rows.

    Attributes:
        runs: the best first.
        rows, labels: (n,) the validation rows and their labels.
        tests: (r, r) p-values of the paired test.
        agreement: (r, r) shares of rows with the same prediction.
        pooled: (n, k) the mean probabilities of the runs that tie with the first.
    """

    runs: Sequence[Run]
    rows: Rows
    labels: Labels
    tests: npt.NDArray[np.float64]
    agreement: npt.NDArray[np.float64]
    pooled: Probabilities

    @property
    def leaders(self) -> list[int]:
        """The places, from 0, that the paired test cannot tell from the first."""
        return np.flatnonzero(self.tests[0] >= LUCK).tolist()

    def places_text(self, place: int) -> str:
        """'2' for a run that is second, '1-3' for one that may be any of these."""
        low, high = places([run.scores["accuracy"] for run in self.runs], self.tests)[place]
        return str(low) if low == high else f"{low}\N{EN DASH}{high}"


def compare(runs: Sequence[Run]) -> Standings:
    """Raises:
    PipelineError: the runs speak of different data or validation rows.
    """
    ranked = rank(list(runs))
    rows, labels, _ = ranked[0].validation()
    predicted = [run.validation()[2].argmax(axis=1) for run in ranked]
    tests = paired_tests([one == labels for one in predicted])
    leaders = [run for run, test in zip(ranked, tests[0], strict=True) if test >= LUCK]
    pooled = np.stack([run.validation()[2] for run in leaders]).mean(axis=0, dtype=np.float32)
    return Standings(ranked, rows, labels, tests, agreement(predicted), pooled)
