"""ROMA, arXiv 2503.12988; and what TOM and ITA publish that Kiln can be compared with."""
from rom_machines.common import FLIP_FLOP, FULL_ADDER, cost, mark, matrix_weights, mm2, named, technology, versus, without_unit

MIB = 8 * 2**20  # bits
MODEL = "llama-3.1-8b"
MM2 = 503.7
STANDARD_CELL = 36.7  # thousand um2, area figure; 59.7 with SRAM, 26.0 with B-ROM, 22.5 fused
CELL_LOGIC = STANDARD_CELL - 18.1  # beside two of its ROM macros
SHARES = {"l": 0.732, "h": 0.206, "v": 0.014, "else": 0.048}
SRAM_MM2_A_MBIT = 1 / 23.6  # its own figure, 4096 x 64


class Machine:
    """Areas of the chip `roma` by the paper's kinds of units."""

    def __init__(self, kiln):
        whole = cost(kiln, "--chip", "roma", "--model", MODEL, "--recipe", "w2")
        self.silicon, self.die = whole["silicon"], whole["area_mm2"]
        is_l = lambda unit: unit.endswith(("_array", "_tree")) or unit == "embedding_rom"
        in_layers = lambda unit: unit.endswith("_array") and unit != "lm_head_array"
        self.l = self.area(lambda u, _: is_l(u))
        self.h = self.area(lambda u, _: u in ("kv_sram", "lora_unit", "attention_unit"))
        self.v = self.area(lambda u, _: u == "vector_unit")
        self.rom = self.area(lambda u, w: is_l(u) and w in ("weights", "scales"))
        self.codes = self.area(lambda u, w: is_l(u) and w == "weights")
        self.sram = self.area(lambda u, w: u == "kv_sram" or w == "adapter")
        # A cell of the paper's area figure holds two macros of 8192 x 64: here, a tile of a layer's arrays.
        cells = matrix_weights(kiln, MODEL, "model.layers.") * 2 / 2**20
        self.cell = self.area(lambda u, _: in_layers(u)) / cells * 1e3
        self.cell_rom = self.area(lambda u, w: in_layers(u) and w in ("weights", "scales")) / cells * 1e3

    def area(self, wanted):
        return sum(p["area_mm2"]["typical"] for p in self.silicon["parts"] if p.get("unit") and wanted(p["unit"], p["what"]))


def figures(kiln):
    m = Machine(kiln)
    die, silicon, logic = m.die["typical"], m.silicon, m.cell - m.cell_rom
    published = {name: share * MM2 for name, share in SHARES.items()}
    white = die / (die - without_unit(silicon["parts"], "white space"))
    wires = lambda case: f"{without_unit(silicon['parts'], 'room for wires', case):,.0f}"
    other_rom = die + white * (silicon["rom_bits"] / 36.4e6 - m.rom)
    other_sram = die + white * (silicon["sram_bits"] / 1e6 * SRAM_MM2_A_MBIT - m.sram)
    return named("roma", {
        "gbit": f"{silicon['rom_bits'] / 1e9:.2f}", "mib": f"{silicon['sram_bits'] / MIB:.0f}",
        "die": versus(die, MM2), "low": f"{m.die['low']:.0f}", "high": f"{m.die['high']:.0f}", "wires": wires("typical"), "wires_high": wires("high"), "mark": mark(die / MM2),
        "l": versus(m.l, published["l"]), "codes": mm2(m.codes), "scales": mm2(m.rom - m.codes), "l_logic": mm2(m.l - m.rom),
        "l_ratio": f"{m.l / published['l']:.2f}",
        "cell": versus(m.cell, STANDARD_CELL), "cell_rom": f"{m.cell_rom:.1f}", "cell_logic": f"{logic:.1f}", "standard_cell": STANDARD_CELL,
        "cell_um2": f"{m.cell:.1f}", "cell_ratio": f"{m.cell / STANDARD_CELL:.2f}", "cell_mark": mark(m.cell / STANDARD_CELL),
        "logic": versus(logic, CELL_LOGIC), "logic_ratio": f"{logic / CELL_LOGIC:.2f}",
        "h": versus(m.h, published["h"]), "sram": mm2(m.sram), "h_logic": mm2(m.h - m.sram), "h_ratio": f"{m.h / published['h']:.2f}",
        "v": versus(m.v, published["v"]), "v_ratio": f"{m.v / published['v']:.2f}",
        "else": versus(die - m.l - m.h - m.v, published["else"]), "rom_share": f"{m.rom / die:.0%}",
        "other_rom": f"{other_rom:.0f}", "other_rom_ratio": f"{other_rom / MM2:.2f}",
        "other_sram": f"{other_sram:.0f}", "other_sram_ratio": f"{other_sram / MM2:.2f}"})


def others():
    n7 = technology("n7")
    area, rom_bits, sram_bits = 56.9, 498.5e6 * 8, 37.5e6 * 8  # TOM
    rom = rom_bits * n7["rom_um2_per_bit_8192"]["typical"] * 1e-6
    sram = sram_bits * n7["sram_um2_per_bit_4096"]["typical"] * 1e-6
    mac = 6 * 3 * 8 + 6 * 64 + FULL_ADDER * 7 * 8 + FLIP_FLOP * 16 + FULL_ADDER * 21
    return named("others", {"sram": versus(sram, 0.24 * area), "rom": versus(rom, 0.58 * area),
                            "mac": versus(mac / 4, 1180, lambda v: f"{v:,.0f}"), "mac_transistors": f"{mac:,}"})
