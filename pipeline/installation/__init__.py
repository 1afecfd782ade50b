"""What `pipeline doctor` checks."""
