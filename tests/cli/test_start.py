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

IN_A_CLASS = """
import pipeline.competition.folder as folder
from pipeline.__main__ import main
class Interrupted:
    def __set_name__(self, owner, name):
        raise KeyboardInterrupt
def make(*_):
    class Made:
        attribute = Interrupted()
folder._files_in = make
main()
"""


def test_an_interrupt_while_a_class_is_made_ends_the_command_without_a_traceback() -> None:
    command = [sys.executable, "-c", IN_A_CLASS, "inspect", "data/digits"]
    done = subprocess.run(command, capture_output=True, text=True)
    message = "Interrupted. Run the same command again to continue.\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", message)


def test_an_interrupt_while_modules_are_imported_ends_the_command_without_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", STOP], capture_output=True, text=True)
    message = "Interrupted. Run the same command again to continue.\n"
    assert (done.returncode, done.stdout, done.stderr) == (130, "", message)
