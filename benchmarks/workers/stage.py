"""One stage of `benchmarks.growth` on a competition folder: its seconds and its own memory.

python -m benchmarks.workers.stage read|epoch|predict FOLDER
"""

import threading
import time
from pathlib import Path

import click

from benchmarks.measure import Figures, report, timed

INTERVAL = 0.005  # seconds between two samples of the memory
SHAPE, WARM_UP = (28, 28, 1), 200


class OwnMemory:
    """Watches what this process has for itself, without the files that it maps.

    The system takes the pages of mapped files back when others need them.

    Attributes:
        peak: megabytes.
    """

    def __init__(self) -> None:
        self.peak = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def sample(self) -> None:
        lines = Path("/proc/self/status").read_text().splitlines()
        own = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
        self.peak = max(self.peak, own / 1024)

    def _watch(self) -> None:
        while True:
            self.sample()
            time.sleep(INTERVAL)


def read(folder: Path) -> float:
    """Seconds of loading the competition, from the cache if that has it."""
    from pipeline import load

    return timed(lambda: load(folder))["seconds"]


def epoch(folder: Path) -> float:
    """Seconds of an epoch of `dense-64-64`, with validation."""
    from pipeline.recipes import find_recipe  # first: it sets up Keras and TensorFlow

    recipe = find_recipe("dense-64-64")
    from pipeline import load
    from pipeline.images.resize import to_images
    from pipeline.training.fit import fit
    from pipeline.training.job import build_for, make_job

    competition = load(folder)
    job = make_job(recipe, {"epochs": 1}, seed=0, fold=competition.hold_out)
    images = to_images(competition.train_pixels, SHAPE)
    network = build_for(job.recipe, competition)
    return fit(network, job, images, competition.labels, lambda _: None).seconds


def predict(folder: Path) -> float:
    """Seconds of predicting all training rows with `dense-64-64`."""
    from pipeline.recipes import find_recipe  # first: it sets up Keras and TensorFlow

    recipe = find_recipe("dense-64-64")
    from pipeline import load
    from pipeline.images.resize import to_images
    from pipeline.networks.predict import predict
    from pipeline.training.job import build_for

    competition = load(folder)
    model = build_for(recipe, competition).model
    images = to_images(competition.train_pixels, SHAPE)
    predict(model, images[:WARM_UP])
    return timed(lambda: predict(model, images))["seconds"]


STAGES = {"read": read, "epoch": epoch, "predict": predict}


def measure(stage: str, folder: Path) -> Figures:
    memory = OwnMemory()
    seconds = STAGES[stage](folder)
    memory.sample()
    return {"seconds": seconds, "megabytes": memory.peak}


@click.command()
@click.argument("stage", type=click.Choice(list(STAGES)))
@click.argument("folder", type=click.Path(path_type=Path))
def main(stage: str, folder: Path) -> None:
    report(measure(stage, folder))


if __name__ == "__main__":
    main()
