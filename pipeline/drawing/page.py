"""The page to draw on."""

from pipeline.drawing.answer import ALIKE
from pipeline.report.rendering import render
from pipeline.runs.run import Run

BARS = 10  # classes that are shown; of more, the most probable ones


def drawing_page(run: Run, single: Run) -> str:
    """The page for a run, ready to be shown.

    Args:
        single: the run whose features say which training images are alike.
    """
    data = run.record.data
    digits = all(name.isdigit() and len(name) == 1 for name in data.classes)
    return render(
        "draw.html",
        own="draw",
        package="pipeline.drawing",
        connect="'self'",
        title=f"{'Draw a digit' if digits else 'Draw'} · {data.competition}",
        digits=digits,
        run=run,
        single=single,
        data=data,
        bars=BARS,
        alike=ALIKE,
        sprites=[],
    )
