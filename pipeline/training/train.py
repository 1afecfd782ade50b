"""From a recipe and a competition to a run: the folder that holds all that is known of it."""

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras

from pipeline.arrays import Images, Pixels
from pipeline.competition.competition import Competition
from pipeline.competition.folds import Fold
from pipeline.files import lock, new_folder, sha256, write_array, write_csv, write_json, write_text
from pipeline.images.resize import fit_to, to_images
from pipeline.networks.backbone import save_base
from pipeline.networks.build import Network, build
from pipeline.networks.predict import predict
from pipeline.networks.recipe import Recipe
from pipeline.runs.metrics import scores
from pipeline.runs.run import RECORD, WEIGHTS, Run, load_run
from pipeline.training.callbacks import Progress
from pipeline.training.environment import describe_environment
from pipeline.training.explain import save_explanation
from pipeline.training.fit import FitResult, fit

BASE_WEIGHTS = "vgg16_notop.h5"


@dataclass(frozen=True)
class Plan:
    """What is to be trained: a recipe on a split, and the seed of all that is random in it."""

    competition: Competition
    split: Fold
    recipe: Recipe
    seed: int = 0

    @property
    def most_epochs(self) -> int:
        """How many epochs the training can take, the warm-up of a base included."""
        warm_up = self.recipe.base.warm_up if self.recipe.base else 0
        return warm_up + self.recipe.epochs_for(len(self.split.train))

    def identity(self) -> dict[str, Any]:
        """What a run has in common with the plan whose outcome it is."""
        competition, settings = self.competition, self.competition.settings
        return {
            "recipe": self.recipe.settings(),
            "published": asdict(self.recipe.published) if self.recipe.published else None,
            "seed": self.seed,
            "data": {
                "competition": competition.name,
                "fingerprint": competition.fingerprint,
                "classes": list(competition.classes),
                "shape": list(competition.schema.shape),
                "train_rows": len(competition.train_pixels),
                "test_rows": len(competition.test_pixels),
            },
            "split": {
                "fingerprint": self.split.fingerprint,
                "share": settings.validation,
                "seed": settings.split_seed,
                "train_rows": len(self.split.train),
                "validation_rows": len(self.split.validation),
            },
        }


def train(plan: Plan, folder: Path) -> Run:
    """Trains the plan's recipe and writes the run's folder, whole or not at all.

    The same plan on the same machine with as many threads gives the same weights, bit for bit.

    Raises:
        PipelineError: pretrained weights cannot be had, the training diverged, or another process
            makes this run.
    """
    with lock(folder), new_folder(folder) as unfinished:
        keras.utils.set_random_seed(plan.seed)
        network = _network(plan)
        images = _images(plan, plan.competition.train_pixels)
        progress = Progress(folder.name, plan.most_epochs)
        fitted = fit(
            network,
            plan.recipe,
            images,
            plan.competition.labels,
            plan.split,
            plan.seed,
            unfinished / "best.weights.h5",
            progress,
        )
        write_text(unfinished / "log.txt", "".join(f"{line}\n" for line in progress.lines))
        _save_network(plan, network, unfinished)
        outcome = _save_probabilities(plan, network, images, unfinished)
        _save_history(fitted, unfinished)
        save_explanation(
            unfinished,
            network.model,
            plan.recipe.augmentation,
            images,
            plan.competition,
            plan.split,
        )
        write_json(
            unfinished / RECORD,
            plan.identity()
            | outcome
            | {
                "epochs": len(fitted.history["loss"]),
                "best_epoch": fitted.best_epoch,
                "fit_seconds": fitted.seconds,
                "parameters": network.model.count_params(),
                "created": datetime.now(UTC).isoformat(timespec="seconds"),
                "environment": describe_environment(),
                "sha256": {
                    path.name: sha256(path)
                    for path in sorted(unfinished.iterdir())
                    if path.name != RECORD
                },
            },
        )
    return load_run(folder)


def _network(plan: Plan) -> Network:
    schema = plan.competition.schema
    shape = plan.recipe.image_shape(schema.shape)
    return build(plan.recipe, shape, len(plan.competition.classes), schema.low, schema.high)


def _images(plan: Plan, pixels: Pixels) -> Images:
    schema = plan.competition.schema
    return fit_to(
        to_images(pixels, schema.shape, schema.planes), *plan.recipe.image_shape(schema.shape)
    )


def _save_network(plan: Plan, network: Network, folder: Path) -> None:
    network.model.save_weights(folder / WEIGHTS)
    if network.base is not None and network.base_layers:  # a base that learnt can be lent
        save_base(network.base, folder / BASE_WEIGHTS)


def _save_probabilities(
    plan: Plan, network: Network, images: Images, folder: Path
) -> dict[str, Any]:
    """Saves the validation and test rows' probabilities; returns what run.json says of them."""
    rows, views = plan.split.validation, plan.recipe.views
    validation = predict(network.model, images, rows, views)
    labels = plan.competition.labels[rows]
    test_images = _images(plan, plan.competition.test_pixels)
    start = time.perf_counter()
    test = predict(network.model, test_images, views=views)
    seconds = time.perf_counter() - start
    write_array(folder / "validation.npy", validation)
    write_array(folder / "validation_rows.npy", rows)
    write_array(folder / "validation_labels.npy", labels)
    write_array(folder / "test.npy", test)
    return {
        "scores": scores(validation, labels),
        "predict_images_per_second": len(test) / seconds,
    }


def _save_history(fitted: FitResult, folder: Path) -> None:
    names = list(fitted.history)
    epochs = zip(*(fitted.history[name] for name in names), strict=True)
    rows = [(epoch, *values) for epoch, values in enumerate(epochs, start=1)]
    write_csv(folder / "history.csv", ["epoch", *names], rows)
