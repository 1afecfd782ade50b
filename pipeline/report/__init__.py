"""HTML pages about a competition and its runs."""
