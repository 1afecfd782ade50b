"""The `pipeline` command, also as `python -m pipeline`."""

import sys


def main() -> None:
    """Runs the command. Ctrl-C ends it with a message also while its modules are imported."""
    try:
        from pipeline.cli import main as command
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again to continue.", file=sys.stderr)
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
