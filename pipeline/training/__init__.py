"""Job -> run."""
