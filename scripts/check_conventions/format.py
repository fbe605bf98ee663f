"""C++ is formatted as .clang-format says."""
import subprocess

from check_conventions.common import ROOT, sources


def check():
    files = [str(p) for p in sources("include", "src", "tests", "bench")]
    run = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return []
    found = {line.split(": error:")[0] for line in run.stderr.splitlines() if ": error:" in line}
    return [f"{place.removeprefix(str(ROOT) + '/')}: clang-format would write it otherwise" for place in sorted(found)] or [run.stderr]
