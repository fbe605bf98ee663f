"""The faults that scripts/rtl-mutations can plant in a file: one token of one line, and what it becomes.

A fault in a file is (line number, column, old, new). tests/rtl/equivalent_faults.json has those that change nothing.
"""
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = ROOT / "tests" / "rtl" / "equivalent_faults.json"

# token -> what it becomes. In SystemVerilog `<=` is left alone: it is mostly an assignment.
OPERATORS = {
    "+": ["-"], "-": ["+"], "*": ["+"], "<": [">="], ">": ["<="], ">=": ["<", ">"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"], "<<": [">>"], ">>": ["<<"], ">>>": [">>"], "!": [""], "~": [""], "1'b0": ["1'b1"],
    "1'b1": ["1'b0"], "'0": ["'1"], "+=": ["-="],
}
TOKEN = re.compile(r"\d*'[sS]?[bdhoBDHO][0-9a-fA-F_xzXZ]+|'[01]|>>>|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|\+:|-:|\+\+|--|::|->|"
                   r"[-+*<>!~]|[A-Za-z_$][\w$.]*|\d+|\S")


def mutations_of(text, cpp):
    """(line number, column, old, new) of every fault that this file can have."""
    found = []
    in_body = cpp
    in_block, own = False, set()  # a combinational block, and the variables declared in it
    for number, line in enumerate(text.splitlines()):
        code = line.split("//")[0]
        if re.match(r"\s*(always|function|end(module|function)\b|assign)", code):
            in_block, own = "always_comb" in code, set()
        if in_block and re.match(r"\s*(automatic )?logic\b", code):
            own |= set(re.findall(r"\w+", re.sub(r"\[[^\]]*\]|\blogic\b|\bsigned\b", "", code)))
        first = re.fullmatch(r"\s*(\w+)\s*=\s*[^?;]*('0|'\(1'b0\)|'\(0\)|1'b0);\s*", code)
        if first and first.group(1) in own:
            continue
        if not cpp and re.match(r"\s*(module|package)\b", code):
            in_body = code.startswith("package")  # a module's body begins after its ports
        skip = re.match(r"\s*(#include|namespace|import|`|parameter|input|output|initial|localparam|typedef|function|end|module|"
                        r"package|logic|for \(genvar|case|default:|return \{|template|using|assign \w+ = 1'b0;)", code)
        if not cpp and re.match(r"\s*\);", code):
            in_body = True
            continue
        if not in_body or skip or not code.strip() or "base::check" in code or "$error" in code or "always" in code:
            continue
        for match in TOKEN.finditer(code):
            token, column = match.group(), match.start()
            for new in OPERATORS.get(token, []):
                if cpp and token in ("<", ">", "*", "~"):
                    continue  # templates, pointers
                found.append((number, column, token, new))
            if re.fullmatch(r"\d+", token) and not re.search(r"\[[^\]]*$", code[:column]) and code[match.end():match.end() + 1] != "'":
                found.append((number, column, token, str(int(token) + 1)))
    return found


def key_of(path, mutation):
    """File, line, which of the lines that read the same, place of the token in it, old, new."""
    number, column, old, new = mutation
    lines = path.read_text().splitlines()
    line = lines[number]
    same = sum(other.strip() == line.strip() for other in lines[:number])
    return path.name, line.strip(), same, column - (len(line) - len(line.lstrip())), old, new


def known_equivalents():
    """Keys as key_of gives them; a line that is in its file no more is an error."""
    known = set()
    for entry in json.loads(EQUIVALENT.read_text()):
        path = ROOT / entry["file"]
        lines = [line.strip() for line in path.read_text().splitlines()]
        if lines.count(entry["line"]) <= entry["same"] or not entry["why"] or entry["line"][entry["at"]:][:len(entry["old"])] != entry["old"]:
            sys.exit(f"equivalent_faults.json: {entry['file']} has no such line or token: {entry['line']}")
        known.add((path.name, entry["line"], entry["same"], entry["at"], entry["old"], entry["new"]))
    return known


def applied(text, mutation):
    number, column, old, new = mutation
    lines = text.splitlines(keepends=True)
    line = lines[number]
    lines[number] = line[:column] + new + line[column + len(old):]
    return "".join(lines)


def sample(generator, files, cpp, count):
    """Evenly over the files, in turn; an endless list of (file, mutation)."""
    pools = {}
    for path in files:
        pool = mutations_of(path.read_text(), cpp)
        generator.shuffle(pool)
        pools[path] = pool
    order = list(pools)
    generator.shuffle(order)
    while any(pools.values()):
        for path in order:
            if pools[path]:
                yield path, pools[path].pop()
