"""A page in the browser: one draws an image and sees what a run makes of it."""
