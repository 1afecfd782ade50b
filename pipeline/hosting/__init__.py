"""Local competitions: hidden labels, a public and a private score, a leaderboard."""
