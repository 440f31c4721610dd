"""One suite per port, over all that claim to keep it."""
