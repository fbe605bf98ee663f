"""Runs the Python recipe of docs/sweep.md, as written there, on a small sweep; its front must be the one that Kiln found.

    check_recipe.py --kiln PROGRAM
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = {"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 8, "new_tokens": 8}, "links": "auto",
        "vary": {"chip:/clock_mhz": [300, 400, 500], "chip:/tile/columns": [64, 128], "recipe": ["w4", "w8"]},
        "sample": {"method": "grid"}, "constraints": ["clock_mhz >= 350"],
        "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}, {"figure": "area_mm2.typical", "direction": "min"}]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", required=True)
    kiln = parser.parse_args().kiln
    recipes = re.findall(r"```python\n(.*?)```", (ROOT / "docs/sweep.md").read_text(), re.S)
    if len(recipes) != 1:
        sys.exit(f"docs/sweep.md has {len(recipes)} Python recipes; one is expected")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "spec.json").write_text(json.dumps(SPEC))
        (folder / "recipe.py").write_text(recipes[0])
        subprocess.run([kiln, "sweep", folder / "spec.json", "-o", folder / "s.db"], check=True, stdout=subprocess.DEVNULL)
        done = subprocess.run([sys.executable, folder / "recipe.py", folder / "s.db", folder / "front.png"], check=True,
                              capture_output=True, text=True, cwd=folder, env={"MPLBACKEND": "Agg", "MPLCONFIGDIR": name, "HOME": name})
        exported = subprocess.run([kiln, "sweep", "export", folder / "s.db", "--json", "-"], check=True, capture_output=True).stdout
        expected = {point["number"] for point in json.loads(exported)["points"] if point["front"]}
        found = {int(number) for number in re.findall(r"^(\d+) ", done.stdout, re.M)}
        if not expected or found != expected:
            sys.exit(f"the recipe's front is {sorted(found)}, Kiln's {sorted(expected)}:\n{done.stdout}")
        if (folder / "front.png").stat().st_size < 5000:
            sys.exit("the recipe drew nothing")
        print(f"front of {len(found)} points, as Kiln's")


if __name__ == "__main__":
    main()
