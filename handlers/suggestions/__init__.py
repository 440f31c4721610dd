"""书记听您说: from what is said to what is done about it (DOMAIN.md 4)."""
