"""Job grids and engines."""
