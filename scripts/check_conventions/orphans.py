"""Every test, config, unit page, template of a page and benchmark is reached by the build or by another file; and the tests that the
page on development names are there."""
import re

from check_conventions.common import ROOT, modules, sources


def check():
    reach = modules()
    errors = []
    for path in sources("tests"):
        parts = path.relative_to(ROOT / "tests").parts
        registered = "/".join(parts[:-1]) in reach or (parts[-2] in ("long", "cosim") and "/".join(parts[:-2]) in reach)
        if path.name.endswith("_test.cpp") and not registered:
            errors.append(f"tests/{'/'.join(parts)} is in no folder that tests/CMakeLists.txt builds")
    for path in sorted((ROOT / "tests").glob("*/cosim/*.json")):
        read = re.compile(rf'\b(?:configurations|groups?|KILN_COSIM)\((?:\w+, )?"{path.stem}"')
        if not any(read.search(test.read_text()) for test in path.parent.glob("*_test.cpp")):
            errors.append(f"{path.relative_to(ROOT)} is read by no test beside it")
    errors += [f"module {name} has no test" for name in reach
               if (ROOT / "src" / name).exists() and not list((ROOT / "tests" / name).glob("*_test.cpp"))]
    everything = [p for folder in ("docs", "scripts", "tests", "src", "configs", "bench", ".ci") for p in (ROOT / folder).rglob("*")
                  if p.is_file() and p.suffix != ".json"]
    everything += [ROOT / "README.md", ROOT / "CMakeLists.txt"]
    texts = {p: p.read_text(errors="replace") for p in everything}
    named = lambda path: any(path.name in text for p, text in texts.items() if p != path)
    for folder, pattern in (("docs", "*.md"), ("bench", "*.cpp"), ("scripts", "*")):
        for path in sorted((ROOT / folder).rglob(pattern)):
            if path.is_file() and not {"__pycache__", "cmake"} & set(path.parts) and not named(path) and not named(path.with_suffix("")):
                errors.append(f"{path.relative_to(ROOT)} is named nowhere")
    filled = "".join(text for path, text in texts.items() if ROOT / "scripts" in path.parents)
    errors += [f"{path.relative_to(ROOT)} is filled by no script" for path in sorted((ROOT / "docs/templates").iterdir())
               if f'fill("{path.name}"' not in filled]
    readme = (ROOT / "configs" / "README.md").read_text()
    for path in sorted((ROOT / "configs").rglob("*.json")):
        if path.stem not in readme:
            errors.append(f"{path.relative_to(ROOT)} is not in configs/README.md")
    return errors + unknown_tests((ROOT / "docs/development.md").read_text())


def unknown_tests(page):
    """Tests and files that the page on development names and that do not exist."""
    named_tests = re.findall(r"`([A-Z]\w+\.[A-Z]\w+)`", page)
    there = {".".join(names) for path in sources("tests")
             for names in re.findall(r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)", path.read_text(), re.M)}
    registered = set(re.findall(r"add_test\(NAME (\S+)", (ROOT / "tests/CMakeLists.txt").read_text()))
    errors = [f"docs/development.md names the test {name}, which does not exist" for name in named_tests if name not in there]
    errors += [f"docs/development.md names the test {name}, which is not registered"
               for name in re.findall(r"`(cli\.\w+)`", page) if name not in registered]
    return errors + [f"docs/development.md names {path}, which does not exist"
                     for path in re.findall(r"`((?:tests|scripts)/[a-z0-9_/.-]+)`", page) if not (ROOT / path).exists()]
