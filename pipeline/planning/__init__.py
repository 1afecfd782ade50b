"""Plans the trainings of a time budget, and combines their results."""
