"""The tiles of docs/validation/synthesis.md beside the formulas of the cost model."""
import json
import pathlib
import tempfile
from typing import NamedTuple

from kiln_program import ROOT
from page_template import rows
from rom_machines.common import FLIP_FLOP, FULL_ADDER, cost, named, technology

CHIP_OF = {"product_select": "demo", "bit_serial": "demo-bit-serial", "rom_mac": "demo-rom-mac"}
GATE = (4, 5, 6)  # transistors: NAND 4, AND and multiplexer 6, XOR 8 to 12 but fewer
FORMULA_PARTS = ("product banks", "accumulators", "scale lanes", "control")
GATE_PARTS = ("products", "core", "scale", "control")


def synthesised():
    """(microarchitecture, cells of a row by title) of docs/validation/synthesis.md."""
    micro, titles = None, None
    for line in (ROOT / "docs/validation/synthesis.md").read_text().splitlines():
        if line.startswith("## "):
            micro, titles = line[3:], None
        elif line.startswith("| tile |"):
            titles = [cell.strip() for cell in line.strip("|").split("|")]
        elif titles and line.startswith("| ") and micro in CHIP_OF:
            yield micro, dict(zip(titles, (cell.strip().replace(",", "") for cell in line.strip("|").split("|"))))


def formulas(kiln, micro, row, folder):
    """Transistors by part of the LM head's array of a toy model whose array is the tile of `row`, without the technology's overhead."""
    height, width = (int(side) for side in row["tile"].split(" x "))
    (folder / "tile.json").write_text(json.dumps({
        "name": "tile", "hidden_size": height, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1,
        "head_dim": height, "vocab_size": width, "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "tie_word_embeddings": False}))
    (folder / "bits.json").write_text(json.dumps({"name": "bits", "base": {"bits": int(row["code bits"]), "codebook": "kmeans"}}))
    sets = {"rows": height, "columns": width, "inputs_per_cycle": row["inputs a cycle"], "scale_lanes": 1}
    if row["MAC lanes"]:
        sets["rom_mac.mac_lanes"] = row["MAC lanes"]
    arguments = [word for key, value in sets.items() for word in ("--set", f"tile.{key}={value}")]
    whole = cost(kiln, "--chip", CHIP_OF[micro], "--model", folder / "tile.json", "--recipe", folder / "bits.json", *arguments)
    overhead = technology("28nm")["logic_overhead"]["typical"]
    return {p["what"]: p["transistors"]["typical"] / overhead for p in whole["silicon"]["parts"] if p.get("unit") == "lm_head_array" and p.get("kind") == "logic"}


class Tile(NamedTuple):
    micro: str
    row: dict      # of the page on synthesis
    model: dict    # transistors by part, of the formulas

    def key(self):
        return self.micro, self.row["tile"], self.row["code bits"]

    def name(self):
        lines = self.row["inputs a cycle"]
        return f"{self.micro} {self.row['tile']}, {self.row['code bits']} bits" + (f", {lines} inputs a cycle" if lines != "1" else "")

    def gates(self):
        return sum(int(self.row[part]) for part in GATE_PARTS)

    def flip_flops(self):
        return int(self.row["flip-flops"])

    def ours(self):
        return sum(self.model.values())

    def theirs(self, gate=GATE[1]):
        return self.gates() * gate + FLIP_FLOP * self.flip_flops()

    def ratio(self):
        return self.ours() / self.theirs()

    def move_without_control(self):
        """Of the ratio, where neither side has it."""
        ours = sum(round(self.model.get(part, 0)) for part in FORMULA_PARTS[:3])
        theirs = sum(int(self.row[part]) * GATE[1] for part in GATE_PARTS[:3]) + self.flip_flops() * FLIP_FLOP
        return abs(self.ratio() - ours / theirs)


def tiles(kiln):
    with tempfile.TemporaryDirectory() as name:
        for micro, row in synthesised():
            model = formulas(kiln, micro, row, pathlib.Path(name))
            model.pop("input buffer")
            yield Tile(micro, row, model)


def tables(found, um2):
    whole, parts = [], []
    for t in found:
        least, middle, most = (t.theirs(gate) for gate in GATE)
        whole.append([t.name(), f"{t.ours():,.0f}", f"{t.gates():,}", f"{t.flip_flops():,}", f"{least:,} to {most:,}", f"{t.ours() * um2:,.0f}",
                      f"{middle * um2:,.0f}", f"{t.ratio():.2f}", f"{t.ours() / most:.2f} to {t.ours() / least:.2f}"])
        parts.append([t.name(), *(f"{t.model.get(part, 0):,.0f}" for part in FORMULA_PARTS),
                      *(f"{int(t.row[part]) * GATE[1]:,}" for part in GATE_PARTS), f"{t.flip_flops() * FLIP_FLOP:,}"])
    return {"tiles": rows(whole), "parts": rows(parts)}


def figures(kiln, regions_share):
    found = list(tiles(kiln))
    tech = technology("28nm")
    overhead, um2 = tech["logic_overhead"]["typical"], tech["logic_um2_per_transistor"]["typical"]
    outside = [f"{t.micro} {t.row['tile']} at {t.row['code bits']} bits ({t.ratio():.2f})" for t in found if not 0.5 <= t.ratio() <= 2]
    least, most = min(t.ratio() for t in found), max(t.ratio() for t in found)
    by = {t.key(): t for t in found}
    mac, three, four = by["rom_mac", "64 x 8", "4"], by["bit_serial", "64 x 8", "3"], by["bit_serial", "64 x 8", "4"]
    multiplier = int(mac.row["products"]) // 2
    return named("synthesis", {
        **tables(found, um2), "overhead": overhead, "um2": f"{um2:.5f}",
        "beyond": "Beyond 2x: " + "; ".join(outside) + "." if outside else "None is beyond 2x.",
        "least": f"{least:.2f}", "most": f"{most:.2f}", "least_with_overhead": f"{least * overhead:.2f}", "most_with_overhead": f"{most * overhead:.2f}",
        "control_moves": f"{max(t.move_without_control() for t in found):.2f}",
        "scale_gap": f"{int(mac.row['scale']) * GATE[1] - round(mac.model['scale lanes']):,.0f}", "seven_adders": f"{7 * 46 * FULL_ADDER:,}",
        "multiplier_gates": multiplier, "multiplier_transistors": f"{multiplier * GATE[1]:,}",
        "grows_here": f"{four.ours() / three.ours():.2f}", "grows_there": f"{four.theirs() / three.theirs():.2f}",
        "regions_share": f"{regions_share:.0%}"})
