"""What all checks need: where files are, which module uses which."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def declared():
    """Module -> its DEPS."""
    text = (ROOT / "CMakeLists.txt").read_text()
    direct = {}
    for name, rest in re.findall(r"^kiln_module\(([\w/]+)([^)]*)\)", text, re.M):
        deps = re.search(r"\bDEPS\b(.*?)(?:\bLIBS\b|\bPRIVATE_LIBS\b|$)", rest, re.S)
        direct[name] = set(deps.group(1).split()) if deps else set()
    return direct


def modules():
    """Module -> modules whose headers it may include (its DEPS and theirs)."""
    direct = declared()
    reach = {}
    for name in direct:
        seen, todo = set(), [name]
        while todo:
            for dep in direct[todo.pop()] - seen:
                seen.add(dep)
                todo.append(dep)
        reach[name] = seen
    return reach


def sources(*folders):
    for folder in folders:
        yield from sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in (".cpp", ".hpp"))
