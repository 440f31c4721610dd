"""Revisions of the schema, and what writes and runs them."""
