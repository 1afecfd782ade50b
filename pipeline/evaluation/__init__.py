"""What runs are worth: leaderboard, comparison, estimate, ensembles, calibration, label issues."""
