"""Settings, and what people edit: texts, help, lexicon, rules, calendar."""
