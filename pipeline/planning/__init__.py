"""What a time budget trains, and the best that is made of it."""
