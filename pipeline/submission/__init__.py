"""The way out: from probabilities to the CSV that a competition accepts."""
