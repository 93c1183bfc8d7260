"""`make bench`: this service beside what a user would write or install, in one run."""
