"""Scripts that talk like users, through the desk."""
