"""A WeCom on your desk: the platform's side of every door, and a page to talk through it."""
