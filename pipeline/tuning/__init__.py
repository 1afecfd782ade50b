"""Tuning: a recipe's search space -> trials -> the best settings."""
