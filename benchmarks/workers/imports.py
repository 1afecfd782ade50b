"""Imports packages and ends: `python -m benchmarks.workers.imports NAME...`"""

import importlib
import sys

if __name__ == "__main__":
    for name in sys.argv[1:]:
        importlib.import_module(name)
