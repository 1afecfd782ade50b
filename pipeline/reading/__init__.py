"""CSV bytes -> a table of texts and numbers. Knows nothing of images."""
