"""``python -m bot``: the product's commands (DESIGN.md 5)."""

import os
import sys

from bot.cli import main

if __name__ == "__main__":
    os.umask(0o077)  # databases, backups and exports are for their owner's eyes
    sys.exit(main(sys.argv[1:]))
