"""What to train next, and where: jobs, engines."""
