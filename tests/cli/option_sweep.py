#!/usr/bin/env python3
"""Every option of every command, as its --help lists them, with values that are not meant for it: the program answers, or
refuses in one sentence with status 2. No signal, no hang, no internal error, no other status, and no more than a few
gigabytes of memory; JSON without NaN. A number's option also answers at least once, or this test would hold nothing."""
import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = str(ROOT / "models/kiln-stories-1m")
NUMBERS = ["0", "1", "-1", str(2**31 - 1), str(2**31), str(2**32), str(2**63), str(2**64 - 1), str(2**64), "1e308", "1e999",
           "5e-324", "nan", "inf", "", "abc", "1.5", " 1", "0x10", "9" * 100_000]
WORDS = ["", "abc", "a\nb\x1b[31m", "9" * 100_000]  # for options that want no number
MEMORY, CPU_S, WALL_S = 4 << 30, 20, 120
HELP = {"--help", "--version"}
SPEC = {"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "prompt_tokens": 4, "new_tokens": 4},
        "vary": {"chip:/kv/banks": [16, 32]}, "sample": {"method": "grid"},
        "objectives": [{"figure": "tokens_per_s_user", "direction": "max"}]}

# Command lines that answer; an option that is tried replaces its value there. Each number must be free to vary in one of them.
COMMANDS = [line.split() for line in """
inspect a.rom --chip demo
bake MODEL -o out.rom --recipe w4
run --model stories260k --chip demo --prompt-tokens 1 -n 1 --users 1 --seed 1 --json -
run --rom a.rom --chip demo --prompt Hi -n 1 --temperature 0.8 --top-k 2 --seed 1 --json -
chat --rom a.rom --chip demo -n 1 --temperature 0.8 --top-k 2 --seed 1
eval --rom a.rom --tokens ids.txt --context 8 --chunks 1 --json -
baseline --gpu h100-sxm --model stories260k --tp 1 --batch 1 --context 1 --json -
cost --chip demo --model stories260k --prompt-tokens 1 -n 1 --users 1 --machines 1 --break-even --gpu-batch 64 --json -
cost --chip demo --model stories260k --prompt-tokens 1 -n 1 --shorten --timeline --json -
new --model stories260k --node n6 --area 100 --context 64 --dies 1 --json -
sweep spec.json -o out.db -j 1
sweep spec.json --shard 1/2 -o shard.db
sweep spec.json --dry-run
sweep collect r.db
sweep export r.db --json -
sweep explain r.db 1
check baseline.json
bench --model synthetic:stories260k --chip demo --rounds 1 -n 2 --prompt-tokens 1 --context 4 --kernel-mib 1 --json -
diff a.json b.json
list chips
rtl --rom a.rom --chip demo --unit sequencer -o rtl
rtl --rom a.rom --chip demo --unit chip -o rtl --prompt-tokens 1 -n 1
completion bash
""".strip().splitlines()]
# `kiln new` searches for seconds: there, only values that it refuses before that.
SEARCHED = {"1", "1.5", " 1", "0x10", "5e-324"}
LONG = {"-n": "--new-tokens", "-j": "--jobs", "-o": "--output"}
COMMON = {"--threads", "--set", "--json", "--record"}  # one description in all commands: tried with the first that has it
NUMBERED = {"--prompt-tokens", "--new-tokens", "--users", "--temperature", "--top-k", "--seed", "--context", "--chunks", "--tp",
            "--batch", "--kernel-mib", "--machines", "--rounds", "--gpu-batch", "--area", "--dies", "--jobs", "--threads", "--shard", "POINT"}


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))


class Sweep:
    def __init__(self, kiln, folder, verbose):
        self.kiln, self.folder = kiln, folder
        self.environment = {**os.environ, "KILN_CONFIG_PATH": str(ROOT / "configs")}
        self.runs = self.answers = 0
        self.verbose, self.said = verbose, ""
        self.faults, self.slowest = [], (0, "")

    def run(self, words):
        """Status, what it printed, what it complained of."""
        with open(self.folder / "hi.txt") as said:
            began = time.monotonic()
            done = subprocess.run([self.kiln, *words], cwd=self.folder, env=self.environment, stdin=said, capture_output=True,
                                  preexec_fn=limits, timeout=WALL_S)
            self.slowest = max(self.slowest, (time.monotonic() - began, " ".join(words)[:200]))
        return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")

    def prepare(self):
        (self.folder / "hi.txt").write_text("Hi\n")
        (self.folder / "ids.txt").write_text("1 2 3 4 5 6 7 8 9 10")
        (self.folder / "spec.json").write_text(json.dumps(SPEC))
        for line in ("bake MODEL -o a.rom --recipe w4", "sweep spec.json -o r.db -j 1",
                     "run --model stories260k --chip demo --prompt-tokens 1 -n 1 --json a.json --record baseline.json",
                     "run --model stories260k --chip demo --prompt-tokens 1 -n 2 --json b.json"):
            status, _, err = self.run(line.replace("MODEL", MODEL).split())
            if status != 0:
                sys.exit(f"{line}: status {status}\n{err}")

    def options(self, command):
        """Names of the options with a value that a command's help lists: the longest name of each."""
        _, text, _ = self.run([*command, "--help"])
        text = text.partition("\nExamples:")[0]
        found = re.findall(r"^  (-\S+)(?: +(\S.*?))?(?:  |$)", text, re.M)
        names = [names.split(":")[0].split(",")[-1] for names, value in found if value]
        return [name for name in names if name not in HELP]

    def try_one(self, words):
        """Whether it answered."""
        for name in ("out.db", "shard.db", "abc"):
            for path in self.folder.glob(name + "*"):
                path.unlink() if path.is_file() else None
        shown = " ".join(repr(word) if len(word) < 60 else repr(word[:20] + "...") for word in words)
        began = time.monotonic()
        try:
            status, out, err = self.run(words)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{shown}: did not end within {WALL_S} s")
            return False
        self.runs += 1
        self.said = err
        fault = ""
        if "internal error" in err:
            fault = "an internal error"
        elif "limit of processor time" in err:
            fault = f"did not end within {CPU_S} s of processor time"
        elif status == 0:
            self.answers += 1
            if words[-2:] == ["--json", "-"] and not is_json(out):
                fault = "no JSON, or with NaN or infinity"
        elif status != 2:
            fault = f"status {status}"
        elif not err.startswith("kiln: ") or err.count("kiln: error: ") != 1 or len(err.splitlines()) != 1:
            fault = "no refusal of one sentence"
        elif len(err) > 3000 or re.search(r"[\0-\x08\x0b-\x1f]", err):
            fault = "a refusal that is too long or has controls"
        if fault:
            self.faults.append(f"{shown}: {fault}\n    {(err or out)[:600]!r}")
        if self.verbose:
            print(f"{time.monotonic() - began:6.2f} {status} {shown}", flush=True)
        return status == 0

    def all(self):
        answered, tried = set(), set()
        for line in COMMANDS:
            line = [MODEL if word == "MODEL" else word for word in line]
            end = line[-2:] if "--json" in line else []
            if self.try_one(line):
                answered |= {LONG.get(word, word) for word in line} | ({"POINT"} if "explain" in line else set())
            else:
                self.faults.append(f"{' '.join(line)}: is meant to answer")
            command = line[:2] if line[0] == "sweep" and line[1] in ("collect", "export", "explain") else line[:1]
            for name in self.options(command) + (["POINT"] if command[-1] == "explain" else []):
                rest = without(line[:len(line) - len(end)], name)
                begin = rest + ([name] if name != "POINT" else [])
                common = name in COMMON and ("any", name) in tried
                if common or (name not in NUMBERED and (tuple(command), name) in tried):
                    continue
                tried |= {(tuple(command), name), ("any", name)}
                for value in NUMBERS if name in NUMBERED else WORDS[:1] if command == ["new"] else WORDS:
                    if command == ["new"] and value in SEARCHED:
                        continue
                    if self.try_one(begin + [value] + (end if name != "--json" else [])):
                        answered.add(name)
                    elif name not in NUMBERED | COMMON and value == "abc" and "number" in self.said:
                        self.faults.append(f"{name} wants a number: NUMBERED has to have it")
        for name in sorted(NUMBERED - answered):
            self.faults.append(f"{name}: no value of it was answered")


def is_json(text):
    """Strictly: Python's reader takes NaN and Infinity."""
    try:
        json.loads(text, parse_constant=lambda word: float("no " + word))
    except ValueError:
        return False
    return True


def without(line, name):
    """The words without that option and its value."""
    if name == "POINT":
        return line[:-1]
    for i, word in enumerate(line):
        if LONG.get(word, word) == name:
            return line[:i] + line[i + 2:]
    return line


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", required=True)
    parser.add_argument("--verbose", action="store_true", help="each command line, its seconds and its status")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sweep = Sweep(os.path.realpath(options.kiln), pathlib.Path(folder), options.verbose)
        sweep.prepare()
        sweep.all()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{sweep.runs} runs, {sweep.answers} answers, {sweep.runs - sweep.answers} refusals, "
          f"{usage.ru_utime + usage.ru_stime:.0f} s of CPU; the slowest took {sweep.slowest[0]:.1f} s: {sweep.slowest[1]}")
    print("\n".join(sweep.faults))
    return 1 if sweep.faults else 0


if __name__ == "__main__":
    sys.exit(main())
