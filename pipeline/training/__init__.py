"""From recipe and split to a run."""
