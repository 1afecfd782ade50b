"""How far jobs and data scale: a simulation of a cluster, and what rows of pixels need."""
