"""docs/report.md has every key of the documents of every command, and no other.

Makes documents with every command and holds each value in them against the page's tables, and each row of the tables against
the documents. Every value has exactly one row, so that no row could go unnoticed.
"""
import json
import pathlib
import re
import subprocess
import tempfile

from check_conventions.common import ROOT

MODEL = ROOT / "models/kiln-stories-1m"
SHARED = {"A design point": ("run", "cost"), "What would help": ("run", "cost")}  # sections whose keys several commands have
CONFIGS = "../configs/README.md"  # the page of a config's keys, which tests/config holds against what is read
RTL = re.compile(r"(host\.)?rtl[_.]")  # rows of `run --rtl`, which takes minutes: the co-simulation brings its document
WORKLOAD = ('{"arrival_us": 0, "prompt": "Once upon a time", "answer_tokens": 6}\n'
            '{"arrival_us": 1, "prompt": "The dog", "answer_tokens": 5, "leaves_us": 3}\n')
TEMPLATE = "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"
FEW = ["--prompt-tokens", "3", "-n", "3"]
AUTO = ["--set", "link=auto", "--set", "vector.add_cycles=auto"]
FAST = ["--set", "clock_mhz=9000"]  # cannot be built
DEEP = ["--set", "kv.depth_words=4096", "--set", "clock_mhz=400"]  # holds more tokens
CONFLICTS = ["--set", "kv.banks=256"]
BENCH = ["--chip", "demo", "--rounds", "1", "-n", "2", "--prompt-tokens", "2", "--context", "4", "--kernel-mib", "1"]
LLAMA = """#!/bin/sh
echo '[{"n_prompt": '"${10}"', "n_gen": '"${12}"', "avg_ts": 4, "model_size": 9, "model_type": "m", "build_commit": "b"}]'
"""
TEXT = ["--text", str(MODEL / "heldout.txt"), "--context", "32", "--chunks", "2"]


def command_lines(kiln):
    """Each with what is typed into it; the first makes the image that others use."""
    rom = ["--rom", "w4.rom"]
    eight = ["--model", "llama-3.1-8b"]
    yield ["bake", MODEL, "-o", "w4.rom", "--recipe", "w4"]
    yield ["inspect", MODEL]
    yield ["inspect", "w4.rom", "--chip", "demo", "--against", MODEL, "--rebake"]
    yield ["run", *rom, "--chip", "demo", "--prompt", "Once", "-n", "3", "--temperature", "0.8", "--top-k", "5", "--lora", "adapter"]
    yield ["run", "--model", "kiln-stories-1m", "--chip", "demo", *FEW, *AUTO]
    yield ["run", *eight, "--chip", "hc1-pipelined", *FEW, "--users", "3", *FAST]
    yield ["run", *rom, "--chip", "demo", "--workload", "w.jsonl"]
    yield ["chat", *rom, "--chip", "demo", "-n", "4", "--lora", "adapter", "--template", "t.jinja", "--system", "Be brief.",
           "--temperature", "0.8"]
    yield ["chat", *rom, "--chip", "demo", "-n", "4", *AUTO]
    yield ["chat", *rom, "--chip", "demo", "-n", "4", *FAST]
    yield ["eval", *rom, *TEXT]
    yield ["eval", "--checkpoint", MODEL, *TEXT]
    yield ["eval", *rom, "--checkpoint", MODEL, *TEXT, "--lora", "adapter"]
    yield ["baseline", *eight, "--machines"]
    yield ["baseline", *eight, "--engine", "vllm", "--tp", "2", "--precision", "fp8"]
    yield ["cost", *eight, "--chip", "hc1", *FEW, "--break-even", *AUTO]
    yield ["cost", "--model", "llama-3.1-70b", "--chip", "hc1-x10", *FEW, *FAST]
    yield ["cost", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "9999", "--shorten"]
    yield ["cost", *eight, "--chip", "hc1", "--prompt-tokens", "40", "-n", "3", "--timeline", *CONFLICTS]
    yield ["run", *eight, "--chip", "hc1", "--prompt-tokens", "40", "-n", "3", *CONFLICTS]
    yield ["new", "--model", "stories260k", "--node", "28nm", "--area", "40"]
    yield ["cost", "--model", "kiln-stories-1m", "--chip", "demo", *FEW, "--record", "gate.json"]
    yield ["check", "gate.json"]
    yield ["check", "gate.json", "--against", kiln]
    yield ["cost", "--model", "kiln-stories-1m", "--chip", "demo", "--prompt-tokens", "3000", "-n", "3", "--recipe", "w4", *DEEP]
    yield ["diff", "1.json", "last.json"]
    yield ["list", "chips"]
    yield ["bench", "--model", "synthetic:stories260k", *BENCH, "--growth", "--llama-bench", "./llama-bench", "--llama-model", "m.gguf"]
    yield ["rtl", *rom, "--chip", "demo", "--unit", "chip", *FEW, "-o", "chip"]
    yield ["rtl", *rom, "--chip", "demo", "--unit", "o_array", "-o", "o_array", *AUTO]


def documents(kiln):
    with tempfile.TemporaryDirectory(prefix="kiln-report-") as name:
        folder = pathlib.Path(name)
        (folder / "w.jsonl").write_text(WORKLOAD)
        (folder / "t.jinja").write_text(TEMPLATE)
        (folder / "llama-bench").write_text(LLAMA)
        (folder / "llama-bench").chmod(0o755)
        subprocess.run([ROOT / "scripts/make-lora", "--model", MODEL, "-o", folder / "adapter", "--rank", "8", "--strength", "0.1"],
                       check=True, capture_output=True)
        for line in command_lines(kiln):
            done = subprocess.run([kiln, *line, "--json", "-"], cwd=folder, env={"KILN_CONFIG_PATH": str(ROOT / "configs")},
                                  input="Once upon a time\n Then\n", capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise SystemExit(f"kiln {' '.join(map(str, line))} ended with {done.returncode}: {done.stderr}")
            (folder / "last.json").write_text(done.stdout)
            if "--record" in line:
                (folder / "1.json").write_text(done.stdout)
            yield json.loads(done.stdout)


def leaves(value, path=()):
    """The path of each value that is no object and no list of them; an entry of a list is `*`."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list) and any(isinstance(inner, (dict, list)) for inner in value):
        for inner in value:
            yield from leaves(inner, (*path, "*"))
    else:
        yield path


def expanded(key, shorthands):
    """`a.{b,c.{case}}` is a.b, a.c.low, a.c.typical and a.c.high."""
    for name, text in shorthands.items():
        key = key.replace("{" + name + "}", text)
    inner = re.search(r"\{([^{}]*)\}", key)  # the innermost
    if not inner:
        return [key]
    chosen = (key[:inner.start()] + choice + key[inner.end():] for choice in inner.group(1).split(","))
    return list(dict.fromkeys(one for key in chosen for one in expanded(key, {})))  # what is beside an inner brace comes once


def tables(text):
    """Heading, first cell of the header, and the cells of each row."""
    heading, header = "", None
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else None
        if cells is None:
            header = None
        elif header is None:
            header = cells[0]
        elif not line.startswith("|---"):
            yield heading, header, cells


def page(text, workload):
    """Section -> {path of a key}, and the errors of the page itself. Rows that link another table are replaced by its rows."""
    shorthands, rows, counters, errors = {}, {}, [], []
    for heading, header, cells in tables(text):
        codes = re.findall(r"`([^`]+)`", cells[0])
        if header == "shorthand":
            shorthands[codes[0].strip("{}")] = re.search(r"`([^`]+)`", cells[1]).group(1)
        elif header == "counter":
            counters += [f"activity.{c}" for c in codes if not c.startswith("kv_")]
        elif header == "key":
            rows.setdefault(heading.strip("`").removeprefix("kiln "), []).extend((c, cells[1]) for c in codes)
    elsewhere = [c for _, header, cells in tables(workload) if header == "key" for c in re.findall(r"`(workload\.[^`]+)`", cells[0])]
    keys = {}
    for section, listed in rows.items():
        keys[section] = []
        for code, meaning in listed:
            if not code.endswith(".**"):
                keys[section] += expanded(code, shorthands)
            elif f"({CONFIGS})" in meaning:
                keys[section].append(code)
            elif "(#counters)" in meaning:
                keys[section] += counters
            elif "(workload.md)" in meaning:
                keys[section] += [one for key in elsewhere for one in expanded(key, shorthands)]
            elif "(#kiln-baseline)" in meaning:
                keys[section] += [code.removesuffix("baseline.*.**") + one for key, _ in rows["baseline"] if key.startswith("baseline.")
                                  for one in expanded(key, shorthands)]
            else:
                errors.append(f"docs/report.md, {section}: the row {code} links no table with its keys")
        errors += [f"docs/report.md, {section}: two rows have {key}" for key in sorted({k for k in keys[section] if keys[section].count(k) > 1})]
    return {section: {tuple(key.split(".")) for key in listed} for section, listed in keys.items()}, errors


def matches(row, path):
    if row[-1] == "**":
        return len(path) >= len(row) and path[:len(row) - 1] == row[:-1]
    return len(row) == len(path) and all(r in ("*", p) for r, p in zip(row, path))


def of_command(keys, command):
    shared = [section for section, commands in SHARED.items() if command in commands]
    return keys.get(command, set()).union(keys["Every document"], *(keys[section] for section in shared))


def differences(keys, seen):
    """`seen`: command -> paths of the values in its documents."""
    errors = []
    for command, paths in seen.items():
        rows = of_command(keys, command)
        shown = set()
        for path in sorted(paths):
            of_path = [row for row in rows if matches(row, path)]
            below = [row for row in rows if len(row) > len(path) and matches(row[:len(path)], path)]
            shown.update(of_path)
            if len(of_path) != 1 and not below:  # a list without entries says nothing of its rows
                errors.append(f"docs/report.md, kiln {command}: {len(of_path)} rows for {'.'.join(path)}; one is expected")
        errors += [f"docs/report.md, kiln {command}: no document has {'.'.join(row)}"
                   for row in sorted(rows - shown) if command != "run" or not RTL.match(".".join(row))]
    return errors + [f"docs/report.md: a section on {section}, of which there is no document"
                     for section in keys if section not in seen and section not in ("Every document", *SHARED)]


def read_page():
    return page((ROOT / "docs/report.md").read_text(), (ROOT / "docs/workload.md").read_text())


def check(kiln):
    keys, errors = read_page()
    seen = {}
    for document in documents(kiln):
        paths = set(leaves(document))
        seen.setdefault(document["command"], set()).update(paths)
        errors += [f"a document of kiln {document['command']} has no {'.'.join(row)}" for row in keys["Every document"] if row not in paths]
    return errors + differences(keys, seen)


def check_rtl(document):
    """The document of a `run --rtl`: its keys are on the page, and it has those that no other has."""
    keys, errors = read_page()
    paths = set(leaves(json.loads(pathlib.Path(document).read_text())))
    rows = of_command(keys, "run")
    errors += [f"docs/report.md lacks {'.'.join(path)} of kiln run --rtl" for path in sorted(paths)
               if not any(matches(r, path) or matches(r[:len(path)], path) for r in rows)]  # a list without entries: the rows below it
    return errors + [f"docs/report.md: no document has {'.'.join(row)}" for row in sorted(rows)
                     if RTL.match(".".join(row)) and not any(matches(row, path) for path in paths)]
