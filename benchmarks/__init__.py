"""Compares the pipeline with what people do without it: `make bench`."""
