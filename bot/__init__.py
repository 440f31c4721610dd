"""Transport and runtime: the only code that knows WeCom, HTTP, HTML and Office files."""
