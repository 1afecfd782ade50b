"""What runs are worth: leaderboard, comparison, ensembles, calibration, label issues."""
