"""The invented company."""
