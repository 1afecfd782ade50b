"""A page in the browser to draw an image, with the predictions of a run."""
