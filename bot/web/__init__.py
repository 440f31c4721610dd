"""Pages: forms, ledgers, help. They draw what declarations describe and check the same rights."""
