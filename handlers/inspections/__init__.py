"""检查与整改: the draw, the checklist, what is found and how it is put right (DOMAIN.md 6)."""
