"""SystemVerilog of src/rtl/sv as Yosys 0.23 reads it: that version knows neither functions of a package nor `return`.

The text of a function or module stays as it is but for five things: a package's functions and constants are put into the
module that uses them, an early `return` becomes an else, `int'(x)` becomes a sized cast of the same sign, a table becomes a
function with cases, and comments go.
"""
import pathlib
import re

SV = pathlib.Path(__file__).resolve().parent.parent.parent / "src/rtl/sv"

FUNCTION = re.compile(r"function automatic\b.*?\bendfunction\b", re.S)
NAME = re.compile(r"function automatic\s+[^;(]*?(\w+)\s*(?=[(;])")
EARLY = re.compile(r"^(\s*(?:else\s+)?)if\s*\((.*)\)\s*return\s+(.*)$", re.S)


def source(name):
    text = (SV / f"{name}.sv").read_text()
    return re.sub(r"//[^\n]*", "", text)


def functions(text):
    """Name -> text of each function of a module or package."""
    found = {}
    for body in FUNCTION.findall(text):
        found[NAME.match(body).group(1)] = body
    return found


def matching(text, start):
    """The place after the bracket that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    raise SystemExit("rtl-depth: brackets that do not match")


def without_returns(body):
    """A function that assigns its name. `return` at the end of a branch of the outermost level makes what follows it
    the other branch."""
    name = NAME.match(body).group(1)
    if not re.search(r"\breturn\b", body):
        return body
    out, at, opened = "", 0, 0
    for found in re.finditer(r"\breturn\b([^;]*);", body):
        before = body[at:found.start()]
        out += before + f"{name} ={found.group(1)};"
        at = found.end()
        # `if (...) return x;` leaves the function: the rest goes into its else.
        condition = before.rfind("if (")
        guard = condition >= 0 and before[matching(before, condition + 3):].strip() == ""
        follows = body[at:].lstrip()
        if guard and not follows.startswith("else"):
            out += " else begin"
            opened += 1
    rest = body[at:]
    end = rest.rfind("endfunction")
    return out + rest[:end] + "end " * opened + "endfunction"


def rewritten(text):
    """Any text of a module."""
    text = FUNCTION.sub(lambda found: without_returns(found.group(0)), text)
    while (cast := re.search(r"\bint'\(", text)) is not None:
        end = matching(text, cast.end() - 1)
        text = text[: cast.start()] + "$signed(32'(" + text[cast.end(): end] + ")" + text[end:]
    text = re.sub(r"\b(step|i)\s*/=\s*2", r"\1 = \1 / 2", text)
    text = re.sub(r"\bimport\s+\w+::\*;", "", text)
    return text.replace("kiln_pkg::", "").replace("kiln_tables_pkg::", "")


def looked_up(text):
    """Tables as functions with a case for each entry: of a choice of bits by a variable Yosys makes shifters."""
    for declared, name, entries in re.findall(r"(localparam logic \[\d+:0\] (\w+) = \{([^}]*)\};)", text):
        values = [value.strip() for value in entries.split(",")][::-1]  # the last one is entry 0
        width = int(values[0].split("'")[0])
        cases = "".join(f"{at}: {name}_at = {value};\n" for at, value in enumerate(values))
        text = text.replace(declared, f"function automatic logic [{width - 1}:0] {name}_at(logic [31:0] at);\ncase (at)\n"
                                      f"{cases}default: {name}_at = '0;\nendcase\nendfunction\n")
        text = re.sub(rf"\b{name}\[{width}\*(.*?) \+: {width}\]", rf"{name}_at(\1)", text)
    return text


def package():
    """Constants and functions of both packages, to be put into a module."""
    tables = re.sub(r"\A.*?package \w+;|endpackage", "", source("kiln_tables_pkg"), flags=re.S)
    body = re.sub(r"\A.*?package \w+;|endpackage", "", source("kiln_pkg"), flags=re.S)
    body = re.sub(r"typedef enum.*?;", "", body, flags=re.S)
    return tables + body


def module(name):
    """A module with the packages inside it, after its ports."""
    text = source(name)
    head = re.search(r"\)\s*;", text)
    return rewritten(text[: head.end()]) + needed(text[head.end():]) + rewritten(text[head.end():])


def needed(text):
    """Those functions of the package that `text` calls, directly or not, in the package's order, and the tables."""
    all_functions = functions(package())
    wanted, queue = set(), [text]
    while queue:
        body = queue.pop()
        for name in all_functions.keys() - wanted:
            if re.search(rf"\b{name}\s*\(", body):
                wanted.add(name)
                queue.append(all_functions[name])
    chosen = "\n".join(body for name, body in all_functions.items() if name in wanted)
    tables = package()
    constants = [text_of for text_of, name in re.findall(r"(localparam\b[^;]*?(\w+)\s*=[^;]*;)", tables)
                 if re.search(rf"\b{name}\b", chosen + text)]
    return "\n" + looked_up(rewritten("\n".join(constants) + "\n" + chosen)) + "\n"
