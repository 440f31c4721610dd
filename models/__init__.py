"""Entities, states, rules and queries. No transport, no clock of their own, no chance."""
