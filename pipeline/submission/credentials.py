"""Where the kaggle package finds credentials, and whether others can read them."""

import os
import shlex
import stat
from pathlib import Path

from pipeline.errors import PipelineError

VARIABLES = ("KAGGLE_API_TOKEN", "KAGGLE_KEY")
MAKE_TOKEN = (
    "Make a token at https://www.kaggle.com/settings/api, and save it in ~/.kaggle/access_token, "
    "readable by you alone (chmod 600), or in the variable KAGGLE_API_TOKEN."
)
INSTALL = (
    "Run `.venv/bin/uv pip install kaggle six`, or in an environment of your own "
    "`pip install kaggle six`."
)


def find_credentials() -> list[str]:
    """The names of the variables and files with credentials; never what is in them.

    Raises:
        PipelineError: others can read a file.
    """
    files = [path for path in _places() if os.path.isfile(path)]
    for path in files:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise PipelineError(
                "others can read this file, which holds credentials",
                where=path,
                remedy=f"Run `chmod 600 {shlex.quote(str(path))}`. If others may have read it, "
                "make a new token at https://www.kaggle.com/settings/api.",
            )
    variables = [name for name in VARIABLES if os.environ.get(name)]
    return [*variables, *map(str, files)]


def _places() -> list[Path]:
    """The files that the package may read, in its order."""
    home = Path.home() / ".kaggle"
    elsewhere = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "kaggle"
    settings = [Path(os.environ.get("KAGGLE_CONFIG_DIR") or home), home, elsewhere]
    token = os.environ.get("KAGGLE_API_TOKEN")  # the token, or a file that holds it
    given = [Path(token)] if token and len(token) < 4096 and os.path.isfile(token) else []
    names = [home / "access_token", home / "access_token.txt", home / "credentials.json"]
    return [*given, *names, *dict.fromkeys(folder / "kaggle.json" for folder in settings)]
