"""No path of somebody's machine, no leftover marker, nothing outside the agreed top level."""
import re
import subprocess

from check_conventions.common import ROOT

TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "README.md", "LICENSE", "include", "src", "models", "configs",
             "tests", "bench", "scripts", "docs"}


def check():
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout.split("\n")
    errors = []
    marker = re.compile(r"\bTO" r"DO\b|\bFIX" r"ME\b|\bXX" r"X(?!X)\b|/ho" r"me/\w|/ro" r"ot/|DISAB" r"LED_\w")
    for name in filter(None, listed):
        top = name.split("/")[0]
        if top not in TOP_LEVEL and not top.startswith("."):
            errors.append(f"{name} is outside the agreed top level")
        path = ROOT / name
        if path.suffix in (".safetensors", ".f32") or name.startswith("models/") or name == "LICENSE" or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if marker.search(line):
                errors.append(f"{name}:{number}: {line.strip()[:80]}")
    return errors
