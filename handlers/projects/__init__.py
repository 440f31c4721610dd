"""Projects from 立项 to 结项: one room per noun (DOMAIN.md 2)."""
