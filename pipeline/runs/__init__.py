"""Finished runs: their folders, scores and comparison. Keras is imported only to predict."""
