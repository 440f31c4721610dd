"""Tests: unit, chats (scripts that talk like users), contracts, issues, bench, house."""
