"""What each command does: plain functions over a Session that return a Reply.

No WeCom, no HTTP, no clock: what a handler may know comes in its Context.
"""
