#!/usr/bin/env python3
"""scripts/plot-bench draws what `kiln bench --csv` writes: shares and growth as SVG with every model and width named, and as PNG.

    plot_bench.py --kiln PROGRAM
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = ["--model", "synthetic:stories260k", "--chip", "demo", "--rounds", "1", "-n", "2", "--prompt-tokens", "2", "--context", "4",
         "--kernel-mib", "1", "--growth"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", required=True)
    kiln = parser.parse_args().kiln
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        environment = {**os.environ, "MPLCONFIGDIR": name, "HOME": name, "KILN_CONFIG_PATH": str(ROOT / "configs")}
        subprocess.run([kiln, "bench", *SMALL, "--csv", folder / "b.csv"], check=True, stdout=subprocess.DEVNULL, env=environment)
        for more in ([], ["--png"]):
            subprocess.run([sys.executable, ROOT / "scripts/plot-bench", folder / "b.csv", "-o", folder / "b", *more], check=True,
                           env=environment, stdout=subprocess.DEVNULL)
        for kind, words in (("shares", ("decode_uncounted", "prefill", "scalar")), ("growth", ("llama-3.2-1b", "llama-3.1-70b"))):
            picture = (folder / f"b-{kind}.svg").read_text()
            for word in words:  # as a comment beside the glyphs
                if f"<!-- {word} -->" not in picture:
                    sys.exit(f"the picture of {kind} does not name {word}")
            if not (folder / f"b-{kind}.png").read_bytes().startswith(b"\x89PNG"):
                sys.exit(f"the picture of {kind} is no PNG")
        (folder / "no.csv").write_text("a,b\n1,2\n")
        refused = subprocess.run([sys.executable, ROOT / "scripts/plot-bench", folder / "no.csv", "-o", folder / "no"],
                                 capture_output=True, text=True, env=environment, check=False)
        if refused.returncode == 0 or "no rows of kiln bench --csv" not in refused.stderr:
            sys.exit(f"a file of another kind is not refused: {refused.stderr}")


main()
