"""HNLPU, arXiv 2508.16151v2: areas term by term, and the price of a die by the paper's own method."""
import math

from rom_machines.common import FLIP_FLOP, FULL_ADDER, HN_MM2, HNLPU_MM2, cost, mark, matrix_weights, mm2, named, technology, versus, without_unit

CHIPS = 16
MODEL = "gpt-oss-120b-dense"
VEX_MM2, BUFFER_MM2, LINKS_MM2, HBM_MM2 = 27.87, 136.11, 37.92, 52.0  # table 1
# From outside.
PCIE_LANE_MM2 = 0.33  # Bichan et al., CICC 2020, 10 nm silicon
HBM_PHY_MM2 = 9.9     # a stack, from a photo of the GA100
TWO_PORTS = 1.3       # an SRAM cell with a port more, chosen after Chang et al., VLSI 2005


class Machine:
    """A sixteenth of the whole machine. Kiln gives a die whole layers, so the machine is added up from its parts: a die of one layer and the head."""

    def __init__(self, kiln):
        # One layer a die; the largest has the LM head besides.
        whole = cost(kiln, "--chip", "hnlpu", "--model", MODEL, "--recipe", "w4", "--set", "chips.count=36")
        self.parts = whole["silicon"]["parts"]
        if whole["silicon"]["layers"] != 1 or not any(p.get("unit", "").startswith("lm_head") for p in self.parts):
            raise SystemExit("rom-machines-report: expected a die of one layer and the LM head")
        self.share = {True: 1 / CHIPS, False: whole["model"]["num_hidden_layers"] / CHIPS}
        self.weights = matrix_weights(kiln, MODEL) / CHIPS
        self.hidden = whole["model"]["hidden_size"]
        tile = whole["chip"]["tile"]
        # Of the die of one layer, which is no sixteenth of the machine.
        self.wires = without_unit(self.parts, "room for wires")
        self.before_wires = whole["area_mm2"]["typical"] - self.wires
        self.over_inputs = -(-whole["model"]["intermediate_size"] // tile["rows"])
        self.inputs, self.count_cycles = tile["inputs_per_cycle"], tile["bit_serial"]["count_cycles"]

    def area(self, wanted):
        return sum(p["area_mm2"]["typical"] * self.share[p["unit"].startswith(("lm_head", "sampler"))]
                   for p in self.parts if p.get("unit") and wanted(p))

    def arrays(self, *whats):
        return self.area(lambda p: p["unit"].endswith("_array") and (not whats or p["what"] in whats))


class Circuits:
    """Transistors of the paper's neuron and of the terms of Kiln's tile, and their areas on a sixteenth of the machine."""

    def __init__(self, machine):
        n5 = technology("n5")
        self.overhead = n5["logic_overhead"]["typical"]
        self.bare = n5["logic_um2_per_transistor"]["low"]
        self.um2 = n5["logic_um2_per_transistor"]["typical"] * self.overhead
        self.weights = machine.weights
        # The paper's neuron: a count over all inputs, multiplication by the sixteen values of FP4 (six need an adder of
        # 12 bits), an adder tree over them, and the sum over the bits of an activation.
        self.neuron = FULL_ADDER * (6 * 12 + 15 * 16 + 24) + FLIP_FLOP * 24
        self.as_neurons = self.area(FULL_ADDER + self.neuron / machine.hidden)
        self.regions = 16 * (FULL_ADDER * 14 + 2 * FLIP_FLOP * 14) / 64
        self.sum = FLIP_FLOP * 46 / 64
        # A count of so many inputs, held between the cycles that it takes.
        self.counts = 16 * FLIP_FLOP * machine.inputs.bit_length() * (machine.count_cycles - 1) / 64
        per_weight, known = machine.arrays("accumulators") / self.area(1), self.regions + FULL_ADDER + self.sum + self.counts
        if abs(per_weight / known - 1) > 0.02:
            raise SystemExit(f"rom-machines-report: {per_weight:.1f} transistors a weight in the accumulators, the explanation says {known:.1f}")

    def area(self, transistors, each=None):
        """Of so many a weight."""
        return self.weights * transistors * (each or self.um2) * 1e-6


def terms(machine, circuits):
    """The parts of Kiln's array, and what is known of the paper's."""
    area, bare, weights = circuits.area, circuits.bare, machine.weights
    in_array = machine.arrays()
    total = in_array / area(1)
    each = HN_MM2 / weights * 1e6
    of = {"regions": circuits.regions, "adder": FULL_ADDER, "counts": circuits.counts, "sum": circuits.sum,
          **{name: machine.arrays(*whats) / area(1) for name, whats in (
              ("lanes", ["scale lanes"]), ("scales", ["scales"]), ("control", ["control", "input buffer"]))}}
    figures = {f"term_{name}": f"{value:.1f} | {mm2(area(value))} | {value / total:.1%}" for name, value in of.items()}
    estimate = lambda value: f"{value:,.0f} | {value / HN_MM2:.2f}"
    fig12 = lambda density: estimate(weights * 0.95 * 64 * 8192 / (1024 * 128) / (density * 1e6))
    return figures | {
        "all": f"{total:.1f} | {mm2(in_array)}", "published": HN_MM2, "um2_each": f"{each:.4f}", "transistors_each": f"{each / bare:.1f}",
        "million_a_mm2": f"{1 / bare:.1f}", "tile_to_neuron": f"{in_array / circuits.as_neurons:.1f}",
        "neuron_to_published": f"{circuits.as_neurons / HN_MM2:.1f}",
        "adders": f"{area(FULL_ADDER, bare):,.0f}", "adders_ratio": f"{area(FULL_ADDER, bare) / HN_MM2:.2f}",
        "small_adders": f"{area(24, bare):,.0f}", "small_adders_ratio": f"{area(24, bare) / HN_MM2:.2f}",
        "at_bare_cells": fig12(47.6), "at_2nm": fig12(38.1), "at_roma": fig12(28.2), "at_buffer": fig12(18.8),
        "by_multipliers": estimate(weights * 200 * 0.066 / 138e6)}


def n5_ports():
    """What a second port of `kv.ports`, for reads and writes, makes of a cell."""
    n5 = technology("n5")
    return (1 + n5["sram_port_height"]["typical"]) * (1 + n5["sram_port_width"]["typical"])


def areas(machine, circuits):
    buffer = machine.area(lambda p: p["unit"] == "kv_sram" and p["what"] == "keys and values")
    two = buffer * TWO_PORTS
    is_vex = lambda p: p["unit"] in ("attention_unit", "vector_unit")
    vex, vex_logic = machine.area(is_vex), machine.area(lambda p: is_vex(p) and p["what"] != "norm weights" and "buffer" not in p["what"])
    links, hbm = 6 * 16 * PCIE_LANE_MM2, 8 * HBM_PHY_MM2
    rest = two + vex + links + hbm
    figures = {
        "count_cycles": machine.count_cycles, "port": TWO_PORTS, "kiln_port": f"{n5_ports():.1f}", "pcie_lane": PCIE_LANE_MM2, "hbm_phy": HBM_PHY_MM2,
        "buffer_ratio": f"{buffer / BUFFER_MM2:.2f}", "two_ports_ratio": f"{two / BUFFER_MM2:.2f}",
        "vex_logic": mm2(vex_logic), "vex_logic_ratio": f"{vex_logic / VEX_MM2:.2f}",
        "score_buffer": mm2(machine.area(lambda p: p["what"] == "score buffer")),
        "dense_buffer": mm2(machine.area(lambda p: p["unit"] == "vector_unit" and "buffer" in p["what"])),
        "links_ratio": f"{links / LINKS_MM2:.2f}", "hbm_ratio": f"{hbm / HBM_MM2:.2f}", "rest_ratio": f"{rest / (HNLPU_MM2 - HN_MM2):.2f}",
        "buffer": versus(buffer, BUFFER_MM2), "two_ports": versus(two, BUFFER_MM2), "vex": versus(vex, VEX_MM2),
        "links": versus(links, LINKS_MM2), "hbm": versus(hbm, HBM_MM2)}
    marked = {"tiles": (machine.arrays(), HN_MM2), "neurons": (circuits.as_neurons, HN_MM2), "rest": (rest, HNLPU_MM2 - HN_MM2),
              "die_of_tiles": (machine.arrays() + rest, HNLPU_MM2), "die_of_neurons": (circuits.as_neurons + rest, HNLPU_MM2)}
    for name, (ours, published) in marked.items():
        figures |= {name: versus(ours, published), f"{name}_mark": mark(ours / published)}
    return figures


def figures(kiln):
    """For the template; and the share of the array that sums of regions take."""
    machine = Machine(kiln)
    circuits = Circuits(machine)
    made = {"weights": f"{machine.weights / 1e9:.3f}", "full_adder": FULL_ADDER, "neuron": f"{circuits.neuron:,}",
            "wires": mm2(machine.wires), "before_wires": mm2(machine.before_wires), "over_inputs": f"{machine.over_inputs:,}",
            "hidden": f"{machine.hidden:,}", "overhead": circuits.overhead}
    share = circuits.regions / (machine.arrays() / circuits.area(1))
    return named("hnlpu", made | terms(machine, circuits) | areas(machine, circuits)), share


def price():
    """By the paper's formulas from the paper's inputs; `kiln` counts dies another way."""
    edge, defects, wafer, area = 300.0, 0.11, 16988, HNLPU_MM2
    dies = math.floor(math.pi * edge**2 / (4 * area) - math.pi * edge / math.sqrt(2 * area))
    x = defects * area / 100
    share = ((1 - math.exp(-x)) / x) ** 2
    good = dies * share
    usd, whole = wafer / good, wafer / round(good)
    tenths = lambda v: f"{v:.1f}"
    return named("price", {
        "die": area, "x": f"{x:.3f}", "whole": round(good), "unrounded": f"{usd:.1f}", "mark": mark(whole / 629, 0.02),
        "dies": versus(dies, 62, lambda v: f"{v:.0f}"), "yield": versus(share, 0.431, lambda v: f"{v:.1%}"),
        "good": versus(good, 27, lambda v: f"{v:.2f}"), "usd": versus(usd, 629, tenths), "usd_whole": versus(whole, 629, tenths)})
