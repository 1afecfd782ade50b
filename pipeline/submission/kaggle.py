"""Kaggle, through its own package: each answer is a value, or one plain message.

The package prints what it does, with addresses that hold signatures and, if VERBOSE is set, the
token. Nothing that it prints is shown; of its errors, only the text that Kaggle answered is.
"""

import contextlib
import io
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.errors import PipelineError, suggest
from pipeline.files import FULL, WriteError
from pipeline.interrupts import TimeIsUp, limit_time
from pipeline.submission.credentials import INSTALL, MAKE_TOKEN, find_credentials
from pipeline.submission.place import NoAnswerError, Submission

T = TypeVar("T")
PATIENCE = 120.0  # seconds for an answer, or without a further byte of a download
SLOWEST = 20_000  # bytes per second of an upload
LISTED = 200  # number of submissions to request: the most that Kaggle lists at once
MAX_TEXT = 300  # characters of an answer that are shown
SITE = "https://www.kaggle.com/competitions"


class KaggleError(PipelineError):
    """Kaggle, or the way to it, failed. The exit status is 1."""

    exit_code = 1


@dataclass(frozen=True)
class Quota:
    """How many submissions a team has.

    Attributes:
        used: today, in UTC.
        left: today; None before the first submission, when Kaggle does not say it.
    """

    used: int
    left: int | None

    def __str__(self) -> str:
        if self.left is None:
            return "none used so far; Kaggle tells the limit after the first one"
        return f"{self.used} used today, {self.left} left until 0:00 UTC"


class Kaggle:
    """A connection with credentials that Kaggle accepts.

    Methods raise PipelineError if Kaggle refuses a request, KaggleError if the request fails, and
    NoAnswerError if it is not known what happened.

    Args:
        data: folder of competitions. Their names are suggested for a name that Kaggle lacks.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.known = find_credentials()
        self.api: Any = None
        self.api = self._ask(_make_api, "")
        if self.api is None:
            found = "Kaggle does not accept the credentials" if self.known else "no credentials"
            where = self.known[0] if self.known else "Kaggle"
            raise PipelineError(found, where=where, remedy=MAKE_TOKEN)

    def download(self, slug: str, folder: Path) -> Path:
        """Downloads all files of a competition, as a zip in this folder."""
        sizes = [-1]

        def grows() -> bool:
            sizes.append(sum(path.stat().st_size for path in folder.iterdir()))
            return sizes[-1] > sizes[-2]

        self._ask(lambda: self.api.competition_download_files(slug, str(folder)), slug, grows)
        archive = folder / f"{slug}.zip"
        if not archive.is_file():
            found = ", ".join(path.name for path in folder.iterdir()) or "nothing"
            raise PipelineError(f"Kaggle sent {found}", where=slug, expected="a zip")
        return archive

    def quota(self, slug: str) -> Quota:
        """What is left of today's submissions."""
        limits = self._ask(lambda: self.api.competition_get_submission_limits(slug), slug)
        # All are 0 for who is in no team yet, which the first submission makes.
        nothing = not (limits.num_today or limits.num_total or limits.num_allowed_now)
        return Quota(limits.num_today, None if nothing else limits.num_allowed_now)

    def submissions(self, slug: str) -> list[Submission]:
        """The latest submissions."""
        listed = self._ask(lambda: self.api.competition_submissions(slug, page_size=LISTED), slug)
        return [_submission(one) for one in listed or () if one]

    def submit(self, slug: str, file: Path, message: str) -> int:
        """Uploads a file; returns the number of the submission."""
        answer = self._ask(
            lambda: self.api.competition_submit(str(file), message, slug, quiet=True),
            slug,
            more=file.stat().st_size / SLOWEST,
        )
        if answer.message == self.api.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
            raise KaggleError("the upload failed", where=file, remedy="Try again.")
        return int(answer.ref)

    def _ask(
        self,
        call: Callable[[], T],
        slug: str,
        goes_on: Callable[[], bool] = lambda: False,
        more: float = 0,
    ) -> T:
        """What a call of the package returns; its errors as messages.

        Args:
            goes_on, more: whether to wait longer than usual, and how much.
        """
        where = slug or "Kaggle"
        try:
            with _silent(), limit_time(PATIENCE + more, goes_on):
                return call()
        except PipelineError:
            raise
        except TimeIsUp:
            found = f"no answer from Kaggle within {PATIENCE + more:.0f} seconds"
        except OSError as error:  # those of requests are
            if error.errno in FULL:
                raise WriteError(Path(), error) from None
            if (response := getattr(error, "response", None)) is not None:
                raise self._refusal(response, slug) from None
            found = f"the connection to Kaggle failed or was cut ({type(error).__name__})"
        except Exception as error:
            found = f"an answer of Kaggle that is not understood ({type(error).__name__})"
        raise NoAnswerError(
            found, where=where, remedy="Check the network, and try again."
        ) from None

    def _refusal(self, response: Any, slug: str) -> PipelineError:
        """The message for an HTTP error. It is not known what a server that failed has done."""
        status, said = self._read(response)
        found, where = f"Kaggle refuses it: {said}", slug or "Kaggle"
        if status == 401:
            where = self.known[0] if self.known else where
            return PipelineError(found, where=where, remedy=MAKE_TOKEN)
        if status == 403:
            remedy = (
                f"Accept the rules of the competition at {SITE}/{slug}/rules, logged in as the "
                "owner of the token. If there is no such page, correct the name."
            )
            return PipelineError(found, where=where, remedy=remedy)
        if status == 404:
            remedy = self._similar(slug) or f"Its name is the last part of its address: {SITE}/..."
            return PipelineError("Kaggle has no such competition", where=where, remedy=remedy)
        if status == 429:
            return KaggleError(found, where=where, remedy="Try again in a few minutes.")
        if status >= 500:
            return NoAnswerError(f"Kaggle failed: {said}", where=where, remedy="Try again later.")
        return PipelineError(found, where=where, remedy=f"See {SITE}/{slug}.")

    def _read(self, response: Any) -> tuple[int, str]:
        """The status of an answer, and its text without any credentials."""
        status, text = response.status_code, response.reason or ""
        with contextlib.suppress(Exception):
            answer = response.json()
            status, text = max(status, int(answer.get("code", 0))), answer["message"] or text
        values = self.api.config_values if self.api else {}
        secrets = [*(values.get(name) for name in ("token", "key")), os.environ.get("KAGGLE_KEY")]
        for secret in filter(None, [*secrets, os.environ.get("KAGGLE_API_TOKEN")]):
            text = str(text).replace(secret, "...")
        return status, f"{str(text)[:MAX_TEXT]} ({status})"

    def _similar(self, slug: str) -> str:
        """Asks "Did you mean ...?" with a competition that Kaggle finds, or that is in data."""
        names = [path.name for path in self.data.glob("*/")]
        words = [slug, *slug.split("-")[:1]]
        for word in words:
            with contextlib.suppress(Exception, TimeIsUp), _silent(), limit_time(PATIENCE):
                found = self.api.competitions_list(search=word)
                names += [one.ref.rstrip("/").split("/")[-1] for one in found.competitions]
        return suggest(slug, names)


def _make_api() -> Any:
    """The package's API; None if there are no credentials that Kaggle accepts."""
    try:
        from kaggle.api.kaggle_api_extended import KaggleApi
    except ImportError as error:
        raise PipelineError(
            f"the package {(error.name or 'kaggle').split('.')[0]} is not installed",
            expected="the optional packages for Kaggle",
            remedy=INSTALL,
        ) from None
    api = KaggleApi()
    try:
        api.authenticate()
    except SystemExit:
        return None
    return api


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _submission(one: Any) -> Submission:
    return Submission(
        one.ref,
        one.status.name.lower(),
        _score(one.public_score),
        _score(one.private_score),
        one.error_description[:MAX_TEXT],
        file_name=one.file_name,
        description=one.description,
    )


def _score(text: str) -> float | None:
    try:
        score = float(text)
    except ValueError:
        return None
    return score if math.isfinite(score) else None
