"""How far jobs and data scale: a simulation of a cluster, and requirements of pixel rows."""
