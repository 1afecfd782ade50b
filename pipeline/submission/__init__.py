"""From probabilities to the CSV file that a competition accepts."""
