"""Paper: pictures and Excel files, drawn from plain plans outside the event loop."""
