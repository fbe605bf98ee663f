"""Plants changes and demands that each is found: a program that puts one byte wrong in one kind of output, for every kind.

Then the list: what it excuses is not reported, what it excuses is needed, and an entry without a use is stale.
"""
import sys
import time

from compare_revisions import changes, run
from compare_revisions.case import Cases
from compare_revisions.compare import Tally
from compare_revisions.good_cases import TINY

PLANT = '''#!{python}
import os, pathlib, subprocess, sys
done = subprocess.run([{program!r}, *sys.argv[1:]], capture_output=True)
out, err, status, folder = done.stdout, done.stderr, done.returncode, pathlib.Path(".")

def flip(path, at=-1):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))

def replace(path, old, new):
    data = path.read_bytes()
    assert old in data, (path, old)
    path.write_bytes(data.replace(old, new, 1))

{change}
sys.stdout.buffer.write(out)
sys.stderr.buffer.write(err)
sys.exit(status)
'''
TINY_FILES = {"tiny.json": TINY}
ASK = ["--chip", "demo", "--prompt-tokens", "2", "-n", "2"]

# What is changed -> (case, code of the change, stream in which it has to be found).
PLANTS = {
    "exit status": ("refused", "status = 1", "status"),
    "one letter of a sentence": ("refused", "err = err.replace(b'k', b'K', 1)", "stderr"),
    "a sentence more": ("screen", "err += b'kiln: warning: new\\n'", "stderr"),
    "one digit on a screen": ("screen", "out = out.replace(b'1', b'2', 1)", "stdout"),
    "a line end": ("screen", "out = out[:-1]", "stdout"),
    "one digit of a document": ("document", "out = out.replace(b'\"cycles_total\": ', b'\"cycles_total\": 1', 1)", "stdout"),
    "a space in a document": ("document", "out = out.replace(b'{', b'{ ', 1)", "stdout"),
    "a key of a document": ("document", "out = out.replace(b'cycles_total', b'cycles_all', 1)", "stdout"),
    "a document in a file": ("files", "replace(folder / 'r.json', b'\"seed\": 1', b'\"seed\": 2')", "file:r.json"),
    "one bit of a trace": ("files", "flip(folder / 't.pftrace', 100)", "file:t.pftrace"),
    "one letter of a Chrome trace": ("chrome", "replace(folder / 't.json', b'qkv', b'qkw')", "file:t.json"),
    "one bit of a ROM image": ("bake", "flip(folder / 'x.rom')", "file:x.rom"),
    "one digit of a picture": ("cost", "replace(folder / 'd.svg', b'1', b'2')", "file:d.svg"),
    "one bit of the logits": ("eval", "flip(folder / 'l.f32')", "file:l.f32"),
    "one letter of the RTL": ("rtl", "replace(folder / 'made' / 'kiln_sampler_top.sv', b'module', b'Module')",
                              "file:made/kiln_sampler_top.sv"),
    "a file less": ("rtl", "(folder / 'made' / 'README.md').unlink()", "file:made/README.md"),
    "a file more": ("refused", "(folder / 'left').write_bytes(b'')", "file:left"),
    "an input overwritten": ("bake", "(folder / 'tiny.json').write_bytes(b'')", "file:tiny.json"),
}

# Changes that are excused, with the rows that excuse them.
RENAME = "out = out.replace(b'\"seed\"', b'\"sown\"')"
SENTENCE = "err = err.replace(b'no chip config is named', b'there is no chip config')"
EXCUSED = {
    "figures of the host": ("document", "out = out.replace(b'\"threads\": ', b'\"threads\": 9')", None, ()),
    "the simulator's speed": ("screen", "out = out.replace(b'simulated in ', b'simulated in 9')", None, ()),
    "a renamed key": ("document", RENAME, "Renamed keys", ("run", "/seed", "/sown", "a test")),
    "a changed value": ("document", "out = out.replace(b'\"seed\": 1', b'\"seed\": 7')", "Changed values", ("*", "/seed", "1", "7", "a test")),
    "a key more": ("document", "out = out.replace(b'  \"seed\":', b'  \"new\": [1, {\"a\": 2}],\\n  \"seed\":')", "Added keys",
                   ("run", "/new", "a test")),
    "a sentence": ("refused", SENTENCE, "Changed sentences and screens",
                   ("refused", "stderr", "no chip config is named", "there is no chip config", "a test")),
    "a pattern": ("refused", SENTENCE, "Changed sentences and screens",
                  ("ref*", "std*", "/no (chip) config is named/", "there is no \\1 config", "a test")),
    "a key at any depth": ("document", "out = out.replace(b'\"generated_tokens\"', b'\"answer_tokens\"')", "Renamed keys",
                           ("run", "/**/generated_tokens", "/**/answer_tokens", "a test")),
    "a screen by its command line": ("screen", "out = out.replace(b'kernel events', b'events')", "Changed sentences and screens",
                                     ("kiln run --model * -n 2", "stdout", "kernel events", "events", "a test")),
    "a whole screen": ("screen", "out = b'new'", "Changed sentences and screens", ("screen", "stdout", "*", "", "a test")),
}


def cases():
    made = Cases()
    made.add("bake", ["bake", "synthetic:tiny.json:7", "-o", "x.rom", "--recipe", "w4"], files=dict(TINY_FILES), keep={"x.rom": "x.rom"})
    made.add("refused", ["run", "--model", "tiny.json", "--chip", "dmo", "--prompt-tokens", "2"], files=dict(TINY_FILES))
    made.add("screen", ["run", "--model", "tiny.json", *ASK], files=dict(TINY_FILES))
    made.add("document", ["run", "--model", "tiny.json", *ASK, "--json", "-"], files=dict(TINY_FILES), command="run")
    made.add("files", ["run", "--model", "tiny.json", *ASK, "--json", "r.json", "--trace", "t.pftrace"], files=dict(TINY_FILES), command="run")
    made.add("chrome", ["run", "--model", "tiny.json", *ASK, "--trace", "t.json"], files=dict(TINY_FILES))
    made.add("cost", ["cost", "--model", "tiny.json", *ASK, "--svg", "d.svg"], files=dict(TINY_FILES))
    made.add("eval", ["eval", "--checkpoint", "synthetic:tiny.json", "--tokens", "ids.txt", "--logits", "l.f32"],
             files={**TINY_FILES, "ids.txt": "1 2 3 4 5 6"})
    made.add("rtl", ["rtl", "--rom", "x.rom", "--chip", "demo", "--unit", "sampler", "-o", "made"], files=dict(TINY_FILES))
    return {case.name: case for case in made.all}


class SelfTest:
    def __init__(self, options, work, tree_of):
        self.options, self.work = options, work
        self.tree = options.old_tree or tree_of(options.old_kiln)
        # The program is the same on both sides: rows that leave whole streams out would hide what is planted, and keys
        # that it added are on both.
        self.page = "\n".join(line for line in options.changes.read_text().splitlines() if "| `*` | `*` |" not in line)
        self.cases = cases()
        self.number = 0
        self.good = self.outcomes(run.Side("old", options.old_kiln, self.tree, work, work))
        self.failures = []

    def outcomes(self, side):
        outcomes = {"bake": self.outcome(side, "bake")}
        self.cases["rtl"].files["x.rom"] = outcomes["bake"]["file:x.rom"]
        return {**outcomes, **{name: self.outcome(side, name) for name in self.cases if name != "bake"}}

    def outcome(self, side, name):
        self.number += 1
        return side.outcome(self.cases[name], self.number)

    def planted(self, name, change):
        program = self.work / f"planted-{self.number}"
        program.write_text(PLANT.format(python=sys.executable, program=str(self.options.old_kiln.resolve()), change=change))
        program.chmod(0o755)
        return self.outcome(run.Side("new", program, self.tree, self.work, self.work), name)

    def found(self, name, new, more=()):
        """(streams that differ, the list after its use)"""
        of_page = [entry for entry in changes.read(self.page) if entry.table != "Added keys"]
        listed = changes.Changes(of_page + [changes.Entry(table, row) for table, row in more])
        tally = Tally()
        tally.compare(self.cases[name], self.good[name], new, listed)
        return [stream for _, stream, _ in tally.differences], listed

    def expect(self, what, wanted, have):
        print(f"{'found' if wanted == have else 'WRONG'}: {what}{'' if wanted == have else f': {wanted} is expected, {have} was found'}")
        if wanted != have:
            self.failures.append(what)

    def all(self):
        for name in self.cases:
            self.expect(f"nothing in a second run of {name}", [], self.found(name, self.planted(name, "pass"))[0])
        for what, (name, change, stream) in PLANTS.items():
            self.expect(what, [stream], self.found(name, self.planted(name, change))[0])
        for what, (name, change, table, row) in EXCUSED.items():
            new = self.planted(name, change)
            more = [(table, row)] if table else []
            streams, listed = self.found(name, new, more)
            self.expect(f"{what}, excused", [], streams)
            self.expect(f"{what}: its row has a use", [], [str(e) for e in listed.stale() if table and e.by == dict(zip(changes.TABLES[table], row))])
            if table:
                self.expect(f"{what} without its row", 1, len(self.found(name, new)[0]))
                streams, listed = self.found(name, self.good[name], more)
                stale = [str(e) for e in listed.stale()]
                self.expect(f"{what}: its row does harm or is stale where nothing changed", True,
                            bool(streams) or str(changes.Entry(table, row)) in stale)
        return self.failures


def run_all(options, work, tree_of):
    begin = time.monotonic()
    failures = SelfTest(options, work, tree_of).all()
    print(f"{len(failures)} wrong ({time.monotonic() - begin:.1f} s)")
    return 1 if failures else 0
