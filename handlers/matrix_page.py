"""``python -m handlers.matrix_page > docs/roles-and-data.md``; a test keeps the page the same."""

import sys

from handlers.catalogue import catalogue
from handlers.matrix import as_markdown

if __name__ == "__main__":
    sys.stdout.write(as_markdown(catalogue().holdings))
