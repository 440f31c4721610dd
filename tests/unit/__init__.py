"""Rooms one by one."""
