"""The command line: parse, call the library, print."""

from pipeline.cli.commands import main

__all__ = ["main"]
