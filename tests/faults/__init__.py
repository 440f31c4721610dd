"""Hard faults with real processes."""
