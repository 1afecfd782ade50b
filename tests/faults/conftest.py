"""Collects the figures of the proofs, and writes them to docs/reliability.md."""

from collections.abc import Iterator

import pytest
from figures import DOCUMENT, Figures


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """The figures of all proofs. `pytest -m faults` writes them; others stay in the document.

    If a proof fails, nothing is written, as its row would stay.
    """
    figures = Figures()
    yield figures
    if request.config.getoption("markexpr") == "faults" and not request.session.testsfailed:
        document = DOCUMENT.read_text()
        DOCUMENT.write_text(Figures.read(document).updated(figures).replace_in(document))
