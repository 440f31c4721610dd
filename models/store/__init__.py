"""Where entities are kept: engines for SQLite and PostgreSQL, and the migrations."""
