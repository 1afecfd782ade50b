"""Pictures and pages of competitions and runs."""
