"""Papers in an office's own Word template (``handlers/templates.py`` has checked it)."""

from collections.abc import Mapping
from io import BytesIO

from docxtpl import DocxTemplate, Listing
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from bot.papers.printable import printable


def fill_template(template: bytes, values: Mapping[str, str]) -> bytes:
    """The template with its placeholders filled, as the bytes of a .docx file.

    Values are words: what looks like markup or like a placeholder stays what it looks like. A new
    line in a value begins a new paragraph of the same look.
    """
    document = DocxTemplate(BytesIO(template))
    words = {name: Listing(printable(value).replace("\n", "\a")) for name, value in values.items()}
    sandbox = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    document.render(words, jinja_env=sandbox, autoescape=True)
    target = BytesIO()
    document.save(target)
    return target.getvalue()
