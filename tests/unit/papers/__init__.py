"""Pictures and workbooks."""
