"""A page in the browser, to draw an image and see what a run makes of it."""
