"""承诺: the five steps from 定诺 to 评诺 (DOMAIN.md 3)."""
