"""Collects the figures of the proofs, and writes them to docs/reliability.md."""

from collections.abc import Iterator

import pytest
from figures import DOCUMENT, Figures


@pytest.fixture(scope="session")
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """The figures of all proofs. `pytest -m faults` writes those that it measured."""
    figures = Figures.read(DOCUMENT.read_text())
    yield figures
    if request.config.getoption("markexpr") == "faults":
        DOCUMENT.write_text(figures.replace_in(DOCUMENT.read_text()))
