"""One module a migration; the newest is the head."""
