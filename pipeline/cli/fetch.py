"""pipeline fetch"""

from pathlib import Path

import click

from pipeline.cli.output import echo


@click.command()
@click.argument("slug")
@click.option("--output", type=click.Path(path_type=Path), help="The folder.  [default: data/SLUG]")
@click.option("--force", is_flag=True, help="Replace files of the folder that have the same names.")
def command(slug: str, output: Path | None, force: bool) -> None:
    """Download the files of a Kaggle competition.

    SLUG is the last part of its address, such as digit-recognizer. You need a token, and must have
    accepted the rules of the competition on its page. The last line printed is the folder.
    """
    import pipeline as pp

    folder = pp.fetch(slug, output=output, force=force)
    for path in sorted(folder.iterdir()):
        echo(f"  {path.name}", err=True)
    echo(f"`pipeline inspect {folder}` shows what they hold.", err=True)
    echo(folder)
