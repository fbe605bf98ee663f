"""A file one can read at a sitting, a function on a screen: no C++ file above 300 lines, no function above 60.

Tests are left out.
"""
import re
import subprocess

from check_conventions.common import ROOT, sources

MOST_FILE_LINES, MOST_FUNCTION_LINES = 300, 60


def functions(files):
    """(path, name, first line, lines) of each function, by Universal Ctags."""
    listed = subprocess.run(["ctags", "--languages=C++", "--kinds-C++=f", "--fields=+ne", "-L", "-", "-f", "-"],
                            input="\n".join(files), cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        if line.startswith("!"):
            continue
        name, path = line.split("\t")[:2]
        place = re.search(r"\tline:(\d+).*\tend:(\d+)", line)
        if place:
            yield path, name, int(place[1]), int(place[2]) - int(place[1]) + 1


def check():
    paths = [p.relative_to(ROOT).as_posix() for p in sources("include", "src", "bench")]
    errors = []
    for path in paths:
        lines = len((ROOT / path).read_text().splitlines())
        if lines > MOST_FILE_LINES:
            errors.append(f"{path} has {lines} lines; at most {MOST_FILE_LINES} are expected")
    seen = 0
    for path, name, line, lines in functions(paths):
        seen += 1
        if lines > MOST_FUNCTION_LINES:
            errors.append(f"{path}:{line}: {name} has {lines} lines; at most {MOST_FUNCTION_LINES} are expected")
    if seen < 1000:
        errors.append(f"ctags found only {seen} functions; is it Universal Ctags?")
    return errors
