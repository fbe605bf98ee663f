"""What is measured: each function of the RTL that is followed by registers, as a module `depth` whose inputs are what the
function begins with and whose output is what a register keeps. The text of the functions is the RTL's.

Where the RTL goes through its lanes one by one (a sum, a largest, a sorted list) the operation is associative, and the module
here takes them as a tree: `tree`.
"""
from rtl_depth import units
from rtl_depth.shapes import element, expression, larger, own, tree, whole


# What ABC may choose among (cells.CHOICES), where all would take too long.
FEW = {"2^-f", "2^-x", "reciprocal", "1 / sqrt", "Hadamard", "quantise", "row scale", "probability", "quotient", "embedding",
       "list and logits", "lists of the largest", "weight of a logit", "loop of the turn"}
NONE = {"root of the mean", "RoPE", "SiLU"}


def choices(name):
    return "few" if name in FEW else "none" if name in NONE else "all"


def all_functions():
    """(function, size, text): the formula of the same name and size is in tests/cost/depth_test.cpp."""
    fp = {"a": 32, "b": 32}
    rows = []

    def add(name, size, text):
        rows.append((name, str(size), text))

    for bits in (8, 21, 32, 46, 64):
        add("adder", bits, expression({"a": bits, "b": bits}, bits, "a + b"))
    for a, b in ((8, 8), (11, 21), (8, 32), (24, 24), (24, 46), (32, 64)):
        add("multiplier", f"{a} x {b}", expression({"a": a, "b": b}, a + b, "a * b"))
    for ways in (4, 16, 64, 256):
        add("selection", ways, expression({"x": 16 * ways, "s": (ways - 1).bit_length()}, 16, "x[16*s +: 16]"))
    for count in (4, 16, 64):
        terms = " + ".join(f"46'($signed(x[32*{i} +: 32]))" for i in range(count))
        add("sum of numbers", count, expression({"x": 32 * count}, 46, terms))
    add("multiply elements", "", expression(fp, 32, "fp_mul(a, b)"))
    add("add elements", "", expression(fp, 32, "fp_add(a, b)"))
    add("integer to element", 64, expression({"a": 64, "e": 9}, 32, "fp_from_u64(a[63], a, 32'(e))"))
    add("2^-f", "", expression({"a": 26}, 32, "exp2_negative(a)"))
    add("2^-x", "", expression({"a": 32}, 32, "power_below(a)"))
    add("reciprocal", "", expression({"a": 32}, 32, "reciprocal(a)"))
    add("1 / sqrt", "", expression({"a": 32}, 32, "rsqrt(a)"))
    for lanes in (4, 16, 64):
        add("largest exponent", lanes, tree(lanes, lambda i: f"x[{32 * i + 23} +: 8]", larger, 8))
    for lanes in (2, 4):
        add("residual add", lanes, tree(
            lanes, lambda i: f"8'(fp_add(x[64*{i} +: 32], x[64*{i}+32 +: 32]) >> 23)", larger, 8, inputs={"x": 64 * lanes}))
    for lanes in (1,):
        squares = " + ".join(f"68'(m{i} * m{i})" for i in range(lanes))
        before = "\n".join(f"wire signed [31:0] f{i} = fp_aligned({element(i)}, e); wire signed [63:0] m{i} = f{i};"
                           for i in range(lanes))
        add("squares", lanes, expression({"x": 32 * lanes, "e": 8}, 68, squares, prelude=before))
    add("root of the mean", "", whole("kiln_rms_inverse", {"Count": 4096, "Eps": "32'h3727c5ac"}))
    add("scale", "", expression({**fp, "c": 32}, 32, "fp_mul(fp_mul(a, b), c)"))
    add("RoPE", "", expression({"a": 32, "b": 32, "p": 32, "q": 64}, 32,
                               "fp_add(fp_mul(a, sc[31:0]), fp_mul(b, sc[63:32]))",
                               prelude="wire [63:0] sc = sine_cosine(64'(p) * q);"))
    add("SiLU", "", expression(fp, 32, "fp_mul(fp_mul(a, sigmoid(a)), b)"))
    for elements, levels in ((4, 2), (8, 3), (16, 4)):
        add("Hadamard", elements, units.hadamard(elements, levels))
    for elements in (2, 4):
        add("quantise", elements, units.quantise(elements))
    scaled = ("wire signed [31:0] product = $signed(p) * $signed({21'd0, 11'(s) * 11'(t)});\n"
              "wire signed [32:0] rounded = 33'(product) + ((n == '0) ? 33'sd0 : (33'sd1 <<< (n[4:0] - 5'd1)));")
    add("group scale", "", expression({"p": 21, "s": 8, "t": 3, "n": 6}, 32, "n[5] ? 32'd0 : 32'(rounded >>> n[4:0])",
                                      prelude=scaled))
    for fan_in in (2, 4, 16):
        terms = " + ".join(f"x[46*{i} +: 46]" for i in range(fan_in))
        add("tree level", fan_in, expression({"x": 46 * fan_in}, 46, terms))
    add("row scale", "", expression({"r": 32, "s": 46, "e": 9}, 32, "row_result(r, s, e)",
                                    own("kiln_row_scale", "row_result")))
    for elements in (4, 16):
        terms = " + ".join(f"21'($signed(q[8*{i} +: 8])) * 21'($signed(k[8*{i} +: 8]))" for i in range(elements))
        add("dot product", elements, expression({"q": 8 * elements, "k": 8 * elements}, 21, terms))
    for groups in (1, 2):
        parameters = (f"localparam DotBits = 21; localparam Groups = {groups}; localparam Sums = 21 * {groups}; "
                      "localparam logic [31:0] ScoreFactor = 32'h3db504f3;\n")
        add("score", groups, expression({"s": 21 * groups, "q": 9 * groups, "k": 9 * groups}, 32, "score(s, q, k)",
                                        parameters + own("kiln_attention_scores", "score")))
    add("probability", "", expression(fp, 24, "24'(power_below(fp_add(a, fp_neg(b))))"))
    add("weight of a value", "", expression({"p": 24, "a": 9, "b": 9}, 32, "weight(p, a, b)",
                                            own("kiln_attention_values", "weight")))
    for tokens in (4,):
        terms = " + ".join(f"$signed({{32'd0, w[32*{i} +: 32]}}) * $signed(v[8*{i} +: 8])" for i in range(tokens))
        add("sum of values", tokens, expression({"w": 32 * tokens, "v": 8 * tokens}, 64, terms))
    add("quotient", "", units.quotient())
    add("embedding", "", expression({"v": 8, "s": 8, "r": 32}, 32, "convert(v, s, r)",
                                    own("kiln_embedding_rom", "convert")))
    for lanes in (4, 16, 64):
        add("largest logit", lanes, tree(lanes, lambda i: f"key_of({element(i)})", larger, 32,
                                         own("kiln_sampler", "key_of")))
    for logits, kept in ((1, 4), (1, 8), (2, 4), (4, 4)):
        add("list and logits", f"{logits} x {kept}", units.list_of(logits, kept))
    for lists, kept in ((2, 1), (2, 4), (2, 8), (4, 4)):
        add("lists of the largest", f"{lists} x {kept}", units.merged(lists, kept))
    draw = own("kiln_sampler_draw", "weight_of")
    add("weight of a logit", "", expression({**fp, "f": 32}, 24, "weight_of(a, b, f)", draw))
    for slots in (4, 16, 64):
        add("turn", slots, units.turn(slots))
    for slots in (4, 16):
        add("loop of the turn", slots, units.turn_loop(slots))
    add("finish", "", whole("kiln_sequencer_finish", {"MaxEnds": 4, "VocabWidth": 17}))
    return rows

