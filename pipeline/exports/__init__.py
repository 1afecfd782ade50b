"""A finished run -> a model file for other programs, checked against the run."""
