"""The desk: platform limits, error codes, callbacks and the page."""
