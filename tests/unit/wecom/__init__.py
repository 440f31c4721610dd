"""The transport, door by door."""
