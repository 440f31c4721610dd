"""Projects: rules over values and over a database."""
