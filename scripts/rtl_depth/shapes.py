"""Modules `depth` for Yosys: of an expression over its inputs, of lanes joined as a tree, of a module of the RTL."""
import re

from rtl_depth import flatten


def expression(inputs, width, text, own="", prelude=""):
    """A module with `y` = an expression over its inputs; `own`: functions of one module; `prelude`: statements before."""
    ports = ", ".join(f"input logic [{bits - 1}:0] {name}" for name, bits in inputs.items())
    return (f"module depth({ports}, output logic [{width - 1}:0] y);\n{flatten.needed(own + prelude + text)}\n"
            f"{flatten.rewritten(own)}\n{prelude}\nassign y = {flatten.rewritten(text)};\nendmodule\n")


def own(module, *names):
    found = flatten.functions(flatten.source(module))
    return "\n".join(found[name] for name in names)


def joined(leaves, join, width, prefix="n"):
    """Wires that join the leaves two by two by `join(a, b)`, and the name of the last."""
    wires, level = [], []

    def wire(text):
        wires.append(f"wire [{width - 1}:0] {prefix}{len(wires)} = {flatten.rewritten(text)};")
        return f"{prefix}{len(wires) - 1}"

    for leaf in leaves:
        level.append(wire(leaf))
    while len(level) > 1:
        pairs = [wire(join(a, b)) for a, b in zip(level[::2], level[1::2])]
        level = pairs + level[len(pairs) * 2:]
    return "\n".join(wires), level[0]


def tree(count, leaf, join, width, functions_text="", inputs=None):
    """`leaf(i)` of each of `count` lanes, joined."""
    wires, last = joined([leaf(i) for i in range(count)], join, width)
    return expression(inputs or {"x": 32 * count}, width, last, functions_text, wires)


def element(i):
    return f"x[{32 * i} +: 32]"


def larger(a, b):
    return f"({a} > {b}) ? {a} : {b}"


def whole(name, parameters, text="", *others):
    """A module of the RTL, or `text` of it, with the modules that it uses. Paths begin and end at its registers too."""
    text = text or flatten.module(name)
    head = text[text.index(") ("):text.index(");")]
    ports = re.findall(r"(input|output)\s+logic\s*(?:signed)?\s*(\[[^\]]*\])?\s*(\w+)", head)
    wide = []
    for way, width, port in ports:
        for key, value in parameters.items():
            width = re.sub(rf"\b{key}\b", str(value), width)
        wide.append(f"{way} logic {width} {port}")
    values = ", ".join(f".{key}({value})" for key, value in parameters.items())
    wiring = ", ".join(f".{port}({port})" for _, _, port in ports)
    used = "".join(flatten.module(other) for other in others)
    return f"{used}{text}\nmodule depth({', '.join(wide)});\n{name} #({values}) u ({wiring});\nendmodule\n"
