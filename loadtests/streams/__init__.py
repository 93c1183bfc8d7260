"""`python -m loadtests.streams`: many live streams at once, and how long their windows' answers take."""
