"""Public functions that send submissions to be scored, and that host competitions."""

import getpass
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.api.folders import DATA, HOSTED, RUNS, SUBMISSIONS
from pipeline.api.places import choose_run, ranked, run_folder
from pipeline.competition.competition import Competition
from pipeline.errors import PipelineError
from pipeline.runs.run import Run

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.submission.kaggle import Quota
    from pipeline.submission.ledger import Entry

WAIT = 600.0
"""Default seconds to wait for a score."""


def fetch(slug: str, *, output: Path | str | None = None, force: bool = False) -> Path:
    """Downloads the files of a Kaggle competition; returns their folder.

    Args:
        slug: the last part of the competition's address, such as "digit-recognizer", or the
            address.
        output: the folder. Default: `data/<slug>`.
        force: replace files of the folder that have the same names.

    Raises:
        PipelineError: the folder has other content, the package kaggle or credentials are missing,
            Kaggle refuses it, or the archive is damaged or not safe. With `exit_code` 1: Kaggle or
            the network fails.
    """
    from pipeline.submission.fetch import fetch_files, slug_of

    slug = slug_of(slug)
    folder = Path(output or DATA / slug)
    fetch_files(slug, folder, DATA, force)
    return folder


def kaggle_quota(slug: str) -> "Quota":
    """How many submissions are left today in a Kaggle competition.

    Raises:
        PipelineError: as for `fetch`.
    """
    from pipeline.submission.fetch import slug_of
    from pipeline.submission.kaggle import Kaggle

    return Kaggle(DATA).quota(slug_of(slug))


def send_to_kaggle(
    competition: Competition,
    slug: str,
    message: str,
    file: Path | str,
    *,
    run: Run | str | None = None,
    runs: Path | str = RUNS,
    wait: float = WAIT,
    again: bool = False,
    agree: "Callable[[Entry, Quota], bool] | None" = None,
    on_doubt: Callable[[str], None] | None = None,
    on_sent: "Callable[[Entry], None] | None" = None,
) -> "Entry | None":
    """Sends a submission file to Kaggle, and waits for its score.

    It is in the ledger from before it is sent, see `submissions`. After a kill or a cut
    connection, the next call asks Kaggle whether it arrived: nothing is sent twice.

    Args:
        slug: the last part of the competition's address, such as "digit-recognizer".
        message: a description for you, which Kaggle shows.
        file: a file that `submit` wrote, or any other.
        run: the run that the file is of, or its name: its score goes into the ledger.
        runs: folder of all runs.
        wait: seconds to wait for the score; 0 does not wait.
        again: send it even if the same file was sent before.
        agree: called with the new entry and the quota just before it is sent; if it returns false,
            nothing is sent.
        on_doubt: as for `check`.
        on_sent: called with the entry when Kaggle has the file.

    Returns:
        Its entry in the ledger, with the public score if there is one; None if nothing was sent.

    Raises:
        PipelineError: a grader would not accept the file, it was sent before, the quota is used
            up, or as for `fetch`. With `exit_code` 1: Kaggle could not score it, or there is no
            score after this time; it is in the ledger all the same.
    """
    from pipeline.api.results import check
    from pipeline.submission.fetch import slug_of
    from pipeline.submission.kaggle import Kaggle
    from pipeline.submission.kaggle_place import KagglePlace, wait_for_score
    from pipeline.submission.ledger import new_entry, read_entries
    from pipeline.submission.sending import send

    check(competition, file, on_doubt=on_doubt)
    place, ledger = KagglePlace(Kaggle(DATA), slug_of(slug), agree), _ledger(competition)
    run = _ranked_run(competition, run, runs)
    entry = new_entry(place.name, True, Path(file), message, run)
    number = send(place, ledger, entry, again)
    if number is None:
        return None
    if on_sent:
        on_sent(read_entries(ledger)[number])
    return wait_for_score(place, ledger, number, wait) if wait else read_entries(ledger)[number]


def send_to_hosted(
    competition: Competition,
    hosted: Path | str,
    file: Path | str,
    *,
    run: Run | str | None = None,
    runs: Path | str = RUNS,
    team: str | None = None,
    message: str = "",
    again: bool = False,
    on_doubt: Callable[[str], None] | None = None,
) -> "Entry":
    """Has a submission file scored by a hosted competition, see `host`.

    Args:
        hosted: the folder of the hosted competition.
        file, run, runs, message, again, on_doubt: as for `send_to_kaggle`.
        team: name of the team. Default: the name of the user.

    Returns:
        Its entry in the ledger, with the public score.

    Raises:
        PipelineError: the file is not valid or was sent before, the folder is none of a hosted
            competition, or it was closed.
    """
    from pipeline.api.results import check
    from pipeline.hosting.hosted import read_hosted
    from pipeline.hosting.participation import participate
    from pipeline.submission.ledger import new_entry

    place = Path(hosted).resolve()
    read_hosted(place)
    check(competition, file, on_doubt=on_doubt)
    run = _ranked_run(competition, run, runs)
    entry = new_entry(str(place), False, Path(file), message, run)
    entry = replace(entry, team=(team or getpass.getuser()).strip())
    return participate(_ledger(competition), entry, again)


def submissions(competition: Competition | Path | str, *, refresh: bool = True) -> "pd.DataFrame":
    """The ledger: all submissions of a competition that were sent to be scored.

    Args:
        competition: the competition, its folder, or its name.
        refresh: ask Kaggle and hosted competitions for scores that are not known yet.

    Returns:
        created (ISO 8601), place (a slug, or the folder of a hosted competition), team (of a hosted
        one), file, sha256, run, its own score (the metric, on the rows scored_on) with a 95 %
        interval low and high, public_score and private_score, status, ref, message, error.
        `attrs["correlations"]` has Spearman's rank correlation of own and public scores, and the
        number of entries, for each place and metric with three or more entries that have both.
        `attrs["quotas"]` has the submissions that are left today for each slug, and
        `attrs["notes"]` the reason for each place that gave no answer.

    Raises:
        PipelineError: the ledger is damaged.
    """
    from pipeline.submission.ledger import ledger_table, read_entries

    path = _ledger(competition)
    places = dict.fromkeys((entry.place, entry.kaggle) for entry in read_entries(path))
    quotas: dict[str, str] = {}
    notes: dict[str, str] = {}
    for place, kaggle in places if refresh else ():
        try:
            if kaggle:
                quotas[place] = str(_refresh_kaggle(path, place))
            else:
                _refresh_hosted(path, Path(place))
        except PipelineError as error:
            notes[place] = error.message
    table = ledger_table(read_entries(path))
    table.attrs |= {"quotas": quotas, "notes": notes}
    return table


def host(
    competition: Competition,
    *,
    output: Path | str | None = None,
    hidden: float = 0.3,
    public: float = 0.3,
    seed: int | None = None,
) -> Path:
    """Makes a local competition: hides the labels of a part of the training rows.

    The folder holds the hidden labels, all submissions and the leaderboard. In it is a folder for
    participants, with train.csv, test.csv and sample_submission.csv. Anyone who can read the
    other files can read the labels. Submissions are scored by the competition's metric. They have a
    column for each class if the competition's sample has one, or the metric is the log loss.

    Args:
        output: the folder. Default: `hosted/<competition>`.
        hidden: share of the rows whose labels are hidden.
        public: share of these that the public score is of; the private score is of the others.
        seed: random seed of both splits. Default: a new one, so that nobody can repeat them.

    Returns:
        The participants' folder.

    Raises:
        PipelineError: the folder exists, or a part would be empty.

    Example:
        >>> import tempfile
        >>> import pipeline as pp
        >>> output = tempfile.mkdtemp() + "/ours"
        >>> folder = pp.host(pp.load("data/digits"), output=output, seed=0)
        >>> pp.load(folder).test_pixels.shape
        (434, 64)
    """
    from pipeline.hosting.split import host_competition

    folder = Path(output or HOSTED / competition.name)
    return host_competition(competition, folder, hidden, public, seed)


def hosted_leaderboard(hosted: Path | str) -> "pd.DataFrame":
    """The leaderboard of a hosted competition.

    Returns:
        rank, team, private_score, public_score, submissions, created. Of a team's submissions, that
        with the best public score counts. Private scores are missing before `close_hosted`, and
        decide the rank after it. `attrs["metric"]` is the metric's name.

    Raises:
        PipelineError: the folder is none of a hosted competition.
    """
    from pipeline.hosting.board import board_table
    from pipeline.hosting.hosted import read_hosted

    return board_table(read_hosted(Path(hosted)))


def close_hosted(hosted: Path | str) -> "pd.DataFrame":
    """Ends a hosted competition, and reveals the private scores; returns the leaderboard.

    No more submissions are accepted.

    Raises:
        PipelineError: as for `hosted_leaderboard`, or a submission is missing or was changed.
    """
    from pipeline.hosting.board import board_table, close

    return board_table(close(Path(hosted)))


def _ranked_run(competition: Competition, run: Run | str | None, runs: Path | str) -> Run | None:
    if run is None:
        return None
    return ranked([choose_run(competition, run, runs)], competition)[0]


def _ledger(competition: Competition | Path | str) -> Path:
    from pipeline.submission.ledger import LEDGER

    return run_folder(competition, SUBMISSIONS) / LEDGER


def _refresh_kaggle(ledger: Path, slug: str) -> "Quota":
    from pipeline.submission.kaggle import Kaggle
    from pipeline.submission.kaggle_place import KagglePlace
    from pipeline.submission.sending import refresh

    kaggle = Kaggle(DATA)
    refresh(KagglePlace(kaggle, slug), ledger)
    return kaggle.quota(slug)


def _refresh_hosted(ledger: Path, folder: Path) -> None:
    from pipeline.hosting.participation import HostedPlace
    from pipeline.submission.sending import refresh

    refresh(HostedPlace(folder), ledger)
