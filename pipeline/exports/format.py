"""What each format of exported models has to offer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.arrays import Probabilities
from pipeline.errors import PipelineError

Metadata = Mapping[str, Any]
Predict = Callable[[npt.NDArray[np.float32]], Probabilities]


@dataclass(frozen=True)
class Format:
    """A format of exported models.

    Attributes:
        name: as it is given.
        ending: of its file's name; without a dot it is that of a folder.
        packages: the distributions that it needs besides the pipeline's own, by module.
        convert: (graph, path) writes a file or folder.
        open: reads it with the format's own runtime, for predictions.
        save: (converted, output, metadata) writes it where the user wants it, or nothing.
        others: further files that `save` writes for an output.
        may_replace: whether what is there may be replaced, if the user wants it.
    """

    name: str
    ending: str
    packages: Mapping[str, str]
    convert: Callable[[Any, Path], None]
    open: Callable[[Path], Predict]
    save: Callable[[Path, Path, Metadata], None]
    others: Callable[[Path], tuple[Path, ...]] = lambda output: ()
    may_replace: Callable[[Path], bool] = lambda output: not output.is_dir()

    def check_installed(self) -> None:
        """Raises a PipelineError if a package is missing."""
        missing = [name for module, name in self.packages.items() if find_spec(module) is None]
        if missing:
            plural = "s are" if len(missing) > 1 else " is"
            raise PipelineError(
                f"the package{plural} not installed: {', '.join(missing)}",
                where=f"format {self.name}",
                remedy=f"Install what it needs: python -m pip install {' '.join(missing)}",
            )
