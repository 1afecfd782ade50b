"""From a folder of pixel CSVs to a submission you can trust.

data -> runs: a competition's files become arrays, images and a split (pipeline.data);
models -> training: a recipe trained on the split becomes a run, a folder (pipeline.training);
runs -> report, submission: probabilities become a leaderboard, pictures and the CSV to upload.
"""

__version__ = "0.1.0"
