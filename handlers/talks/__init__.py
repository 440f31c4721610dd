"""谈话: what was talked about, and with whom nobody has yet (DOMAIN.md 5)."""
