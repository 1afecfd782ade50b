"""The command line: each module is a command, which parses, calls the library, and prints."""

from pipeline.cli.main import main

__all__ = ["main"]
