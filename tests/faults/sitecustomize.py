"""Python imports this module as it starts: the processes of a command inherit its fault."""

import os

import write_points

if write_points.VARIABLE in os.environ:
    write_points.inject_from_environment()
