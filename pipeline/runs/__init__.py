"""Finished runs: their folders, records and scores. Keras is imported only to predict."""
