"""What the house holds to: texts, sizes, names."""
