"""The start of the command, before its modules are imported."""

import subprocess
import sys

STOP = """
import sys
class Stop:
    def find_spec(self, name, *_):
        if name == "pipeline.cli.output":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Stop())
from pipeline.__main__ import main
main()
"""


def test_an_interrupt_while_modules_are_imported_ends_the_command_without_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", STOP], capture_output=True, text=True)
    message = "Interrupted. Run the same command again to continue.\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", message)
