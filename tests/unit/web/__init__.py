"""Pages: what is drawn, as values."""
