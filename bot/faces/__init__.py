"""Faces of a form: what is shown of its description, and how what comes in becomes answers."""
