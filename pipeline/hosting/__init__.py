"""A competition of one's own: hidden labels, a public and a private score, a leaderboard."""
