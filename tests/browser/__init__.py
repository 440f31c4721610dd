"""The product's pages in a real browser: every page, every role, both widths, keyboard alone."""
