"""Pages that scripts write: the prose is in docs/templates, the figures come from the script.

{{name}} in a template is a figure, a cell or whole rows. A name without a figure ends the script, and so does a figure
that no template asks for.
"""
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "docs/templates"
PLACE = re.compile(r"\{\{(\w+)\}\}")


def fill(template, figures):
    text = (FOLDER / template).read_text()
    asked = set(PLACE.findall(text))
    if missing := sorted(asked - figures.keys()):
        raise SystemExit(f"docs/templates/{template} asks for {', '.join(missing)}, which its script does not make")
    if unused := sorted(figures.keys() - asked):
        raise SystemExit(f"docs/templates/{template} has no place for {', '.join(unused)}")
    return PLACE.sub(lambda place: str(figures[place[1]]), text)


def missing_prose(template, page):
    """The first piece of the template's prose that the page lacks in its place; None if it has all of them."""
    position, pieces = 0, PLACE.split((FOLDER / template).read_text())[::2]
    for piece in pieces:
        found = page.find(piece, position)
        if found < 0:
            return piece.strip()
        position = found + len(piece)
    return None if page.endswith(pieces[-1]) else pieces[-1].strip()


def row(cells):
    return "| " + " | ".join(map(str, cells)) + " |"


def rows(lines):
    return "\n".join(row(cells) for cells in lines)
