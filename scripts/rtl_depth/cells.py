"""Runs Yosys and ABC on one function and reads its depth.

The cells and their delays in FO4 are of a gate that drives four times its own input, by the method of logical effort
(Sutherland, Sproull, Harris 1999): (4 + parasitic) / 5, parasitic 1 of an inverter, 2 of NAND2 and NOR2, 3 of three inputs,
AOI21 and OAI21, 4 of the others.
"""
import pathlib
import re
import subprocess
import tempfile

DELAYS = {"inv": ("!a", 1.0), "nand2": ("!(a*b)", 1.2), "nor2": ("!(a+b)", 1.2), "nand3": ("!(a*b*c)", 1.4),
          "nor3": ("!(a+b+c)", 1.4), "aoi21": ("!(a*b+c)", 1.4), "oai21": ("!((a+b)*c)", 1.4),
          "aoi22": ("!(a*b+c*d)", 1.6), "oai22": ("!((a+b)*(c+d))", 1.6), "xor2": ("a*!b+!a*b", 1.6),
          "xnor2": ("a*b+!a*!b", 1.6), "mux2": ("a*s+b*!s", 1.6)}


def library():
    gates = ["GATE zero 0 O=CONST0;", "GATE one 0 O=CONST1;"]
    for name, (function, delay) in DELAYS.items():
        phase = "UNKNOWN" if name in ("xor2", "xnor2", "mux2") else "INV"
        gates.append(f"GATE {name} 1 O={function}; PIN * {phase} 1 999 {delay} 0 {delay} 0")
    return "\n".join(gates) + "\n"


YOSYS = """
read_verilog -sv function.sv
hierarchy -check -top depth
proc -norom
flatten
opt -full -nodffe -nosdff
wreduce
peepopt
alumacc
opt -nodffe -nosdff
techmap
opt -fast -nodffe -nosdff
abc -genlib cells.genlib -script abc.script
"""
# Sums of products balanced for delay, twice, then the fastest cover by the cells. Equal circuits to choose among (`dch`): without
# a limit to the proofs that they are equal, functions of several multiplications take hours.
ABC = "strash\nif -g -K 6 -C 8\nstrash\nif -g -K 6 -C 8\nstrash\n{choices}map -D 1\ntopo\nprint_stats\n"
CHOICES = {"all": "dch -f\n", "few": "dch -f -C 10 -S 100\n", "none": ""}


def depth(name, text, choices):
    """Cells and delay in FO4 of the module `depth` of `text`."""
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        (folder / "function.sv").write_text(text)
        (folder / "cells.genlib").write_text(library())
        (folder / "abc.script").write_text(ABC.format(choices=CHOICES[choices]))
        (folder / "steps.ys").write_text(YOSYS)
        done = subprocess.run(["yosys", "-T", "steps.ys"], cwd=folder, capture_output=True, text=True)
        found = re.findall(r"nd\s*=\s*(\d+).*?delay\s*=\s*([\d.]+)", done.stdout)
        if done.returncode != 0 or not found:
            raise SystemExit(f"rtl-depth: Yosys failed on {name}: {(done.stderr or done.stdout).strip()[-600:]}")
        return int(found[-1][0]), float(found[-1][1])
