"""clang-tidy finds nothing in src, include and bench.

A module is looked at as it is compiled, as one unit, so each header is read once: all of it takes three minutes of two cores. Without `--all`
only the units that have changed since the revision in .ci/tidied, which `--all` writes when it has found nothing, are looked at.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess

from check_conventions.common import ROOT

TIDY = "clang-tidy-19"  # Debian's plain clang-tidy, 14, cannot read <source_location>
SINCE = ROOT / ".ci" / "tidied"
BUILD = ROOT / "build" / "tidy"


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def configure():
    """Command lines of the units, and the files that only a build writes. An error, or None."""
    for command in (["cmake", "-S", ".", "-B", str(BUILD), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DKILN_UNITY=ON", "-DKILN_TESTS=OFF",
                     "-DKILN_BENCH=ON"],
                    ["cmake", "--build", str(BUILD), "--target", "kiln_revision", "generated/rtl_sources.cpp",
                     "generated/tokenizer/sentence_piece.pb.cc"]):
        done = run(*command)
        if done.returncode:
            return f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return None


def units():
    """What is compiled -> the sources in it, relative to the checkout."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        path = os.path.join(entry["directory"], entry["file"])
        if path.endswith(".pb.cc"):
            continue  # protoc wrote it
        names = re.findall(r'#include "(.*\.cpp)"', open(path).read()) if path.endswith(".cxx") else [path]
        found[path] = {os.path.relpath(name, ROOT) for name in names}
    return found


def changed():
    """Files that may have findings: those that differ from the revision in .ci/tidied; None where all may."""
    if not SINCE.exists():
        return None
    differing = run("git", "diff", "--name-only", SINCE.read_text().strip())
    new = run("git", "ls-files", "--others", "--exclude-standard")
    if differing.returncode or new.returncode:
        return None
    files = set(differing.stdout.split()) | set(new.stdout.split())
    return None if ".clang-tidy" in files else files


def concerned(files, sources):
    """Whether a unit of these sources has one of the files, or a header of the same module."""
    folders = {os.path.dirname(source) for source in sources}
    public = {re.sub("^src/", "include/kiln/", folder) for folder in folders}
    return any(file in sources or (file.endswith(".hpp") and os.path.dirname(file) in folders | public) for file in files)


def findings(unit):
    done = run(TIDY, "-p", str(BUILD), "--quiet", f"--header-filter=^{re.escape(str(ROOT))}/(src|include|bench)/", unit)
    told = [line for line in done.stdout.splitlines() if re.match(r"\S+:\d+:\d+: (warning|error): ", line)]
    if done.returncode and not told:
        told = [f"{TIDY} {unit}: status {done.returncode}: {done.stderr.strip()}"]
    return {line.replace(f"{ROOT}/", "") for line in told}


def check(everything=False):
    if shutil.which(TIDY) is None:
        return [f"{TIDY} is not on this machine: scripts/install-packages test"]
    if error := configure():
        return [error]
    all_units = units()
    files = None if everything else changed()
    wanted = [unit for unit, sources in sorted(all_units.items()) if files is None or concerned(files, sources)]
    print(f"{len(wanted)} of {len(all_units)} units")
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = sorted(set().union(*pool.map(findings, wanted)))
    if everything and not found and not run("git", "status", "--porcelain", "src", "include", "bench", ".clang-tidy").stdout:
        SINCE.write_text(run("git", "rev-parse", "HEAD").stdout)
    return found
