"""``python -m bot``: the product's commands (DESIGN.md 5)."""

import sys

from bot.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
