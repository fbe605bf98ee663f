"""What the sections of scripts/rom-machines-report share: costs, technologies, and cells of tables."""
import json

from kiln_program import ROOT

# Transistors of circuits, as in src/cost/circuits.hpp; no document of `kiln` shows them.
FULL_ADDER, FLIP_FLOP = 28, 24

# HNLPU, arXiv 2508.16151v2, table 1: a die, and its neuron array.
HNLPU_MM2, HN_MM2 = 827.08, 573.16


def cost(kiln, *more):
    """`kiln cost`; of the run that comes with it one token is enough."""
    return kiln("cost", *more, "--prompt-tokens", "1", "-n", "1")


def matrix_weights(kiln, model, start=""):
    """Weights of the matrices of a shape whose names start so; the embedding is none."""
    return kiln.weights(model, lambda name: name.startswith(start) and "norm" not in name and "embed_tokens" not in name)


def technology(name):
    return json.loads((ROOT / f"configs/tech/{name}.json").read_text())


def without_unit(parts, what, case="typical"):
    """Area of a part of the die that no unit has: white space, room for wires."""
    return sum(p["area_mm2"][case] for p in parts if not p.get("unit") and p["what"] == what)


def mark(ratio, limit=0.25):
    return f"within {limit:.0%}" if abs(ratio - 1) <= limit else "missed"


def mm2(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def versus(ours, published, shown=mm2):
    """Three cells: ours, the published figure, their ratio."""
    ratio = ours / published
    return f"{shown(ours)} | {shown(published)} | {ratio:.{2 if ratio < 10 else 1}f}"


def named(section, figures):
    """The names that the template has for the figures of a section."""
    return {f"{section}_{name}": figure for name, figure in figures.items()}
