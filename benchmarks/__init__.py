"""Measures the pipeline side by side with what people do without it: `make bench`."""
