"""New files for a finished run: CSV rows or images -> predictions."""
