"""Modules of the RTL, and pieces of them, that are measured as they are; where one goes through its lanes one by one for
the largest, these have the wires of a tree instead (shapes.joined).
"""
import re

from rtl_depth import flatten
from rtl_depth.shapes import expression, joined, larger, own, whole

BEGIN = "  always_comb begin"
IDS = 17  # bits of a token's id


def replaced(pattern, by, text):
    """`text` with the one place that the pattern matches replaced."""
    out, count = re.subn(pattern, lambda _: by, text, flags=re.S)
    if count != 1:
        raise SystemExit(f"rtl-depth: {count} places of the RTL are {pattern}")
    return out


def hadamard(elements, levels):
    """Yosys is not to take an index that is a variable for one that changes: it is put where it is used."""
    name = "kiln_hadamard_transform"
    text = flatten.module(name)
    wires, last = joined([f"group_i[{32 * i + 23} +: 8]" for i in range(elements)], larger, 8)
    text = replaced(r"for \(int unsigned i = 0; i < Elements; i\+\+\) begin\s*if \(group_i.*?end", f"largest_o = {last};", text)
    text = replaced(BEGIN, f"{wires}\n{BEGIN}", text)
    for index in ("at", "to"):
        value = re.search(rf"^ +{index} += (.*i.*);$", text, re.M)
        text = text.replace(value[0], "")
        text = re.sub(rf"\b{index}\b(?=[ )])(?! +=)", f"({value[1]})", text)
    return whole(name, {"Elements": elements, "Levels": levels}, text)


def quantise(elements):
    name = "kiln_quantise_group"
    text = flatten.module(name)
    leaves = [f"h_i[{31 * i} +: 31]" for i in range(elements)]
    high, highest = joined(leaves, lambda a, b: f"($signed({a}) > $signed({b})) ? {a} : {b}", 31, "high")
    low, lowest = joined(leaves, lambda a, b: f"($signed({a}) < $signed({b})) ? {a} : {b}", 31, "low")
    text = replaced(r"for \(int unsigned i = 0; i < Elements; i\+\+\) begin\s*if \(\$signed.*?end",
                    f"high = {highest}[30] ? 31'd0 : {highest};\nlow = {lowest}[30] ? {lowest} : 31'd0;", text)
    text = replaced(BEGIN, f"{high}\n{low}\n{BEGIN}", text)
    return whole(name, {"Elements": elements, "InputSteps": 1}, text)


def quotient():
    """Of a sum of values and a sum of probabilities. The RTL shifts the latter in a `while`, a place at a time; here by the
    length that the package's function finds."""
    before = ("wire [31:0] length = bit_length(64'(p));\n"
              "wire [63:0] rounded = (length > 32) ? rounding_shift(64'(p), length - 32) : 64'(p) << (32 - length);\n"
              "wire [31:0] d = rounded[32] ? 32'hffff_ffff : rounded[31:0];\n"
              "wire [15:0] e = 16'($signed(x)) - 16'sd70 - 16'(length - 32);")
    return expression({"n": 64, "p": 48, "x": 9}, 32, "divide(n, reciprocal(d), e)", own("kiln_attention_output", "divide"),
                      flatten.rewritten(before))


def turn(slots):
    return whole("kiln_sequencer_turn", {"Slots": slots, "Turn": 0})


def turn_loop(slots):
    """From the slots' registers to the slots' registers, with as many users as slots."""
    width = (slots - 1).bit_length()
    return whole("kiln_sequencer_slots", {"Users": slots, "UserWidth": width, "Slots": slots, "SlotWidth": width, "Turn": 0,
                                          "VocabWidth": IDS}, "", "kiln_sequencer_turn")


def list_of(logits, kept):
    """The sampler's list and so many logits, as the RTL has them: one after the other."""
    text = flatten.source("kiln_sampler")
    block = re.search(r"logic \[31:0\] in_beat, key;.*?(?=\n  logic +compared_q)", text, re.S)[0]
    width = 32 * kept
    constants = "".join(f"localparam {name} = {value};\n" for name, value in {
        "PortLanes": logits, "BeatElements": 64, "VocabSize": 128256, "MaxTopK": kept, "ListWidth": width}.items())
    ports = (f"input logic step, input logic [31:0] group_q, first_q, input logic [{32 * logits - 1}:0] group,\n"
             f"input logic [{width - 1}:0] keys_q, ids_q, output logic [{width - 1}:0] keys_d, ids_d")
    body = flatten.rewritten(own("kiln_sampler", "key_of") + "\n" + block)
    return f"module depth({ports});\n{constants}\n{body}\nendmodule\n"


def merged(count, kept):
    """Sorted lists of so many places, a key and an id each, merged two by two: the larger of each pair, then sorted in
    halves (Batcher). Among equal keys the lower id is first, which the RTL's order of insertion gives: an id counts inverted."""
    width, wires = 32 + IDS, []

    def wire(text):
        wires.append(f"wire [{width - 1}:0] n{len(wires)} = {text};")
        return f"n{len(wires) - 1}"

    def sorted_down(places):
        half = len(places) // 2
        if half == 0:
            return places
        pairs = list(zip(places[:half], places[half:]))
        upper = [wire(f"({a} > {b}) ? {a} : {b}") for a, b in pairs]
        lower = [wire(f"({a} > {b}) ? {b} : {a}") for a, b in pairs]
        return sorted_down(upper) + sorted_down(lower)

    def merge(a, b):
        return sorted_down([wire(f"({x} > {y}) ? {x} : {y}") for x, y in zip(a, b[::-1])])

    each = width * kept
    level = [[f"x[{each * i + width * place} +: {width}]" for place in range(kept)] for i in range(count)]
    while len(level) > 1:
        level = [merge(a, b) for a, b in zip(level[::2], level[1::2])]
    return expression({"x": each * count}, each, "{" + ", ".join(level[0]) + "}", prelude="\n".join(wires))
