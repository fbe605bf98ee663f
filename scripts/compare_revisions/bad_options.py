"""Options, prompts, texts, ids and outputs that are refused or warned of: tests/cli."""
from compare_revisions.case import Folder, Link, Pipe

STORIES = "models/kiln-stories-1m"
ROM = {"w4.rom": Link("fixture:w4.rom")}
TINY_ROM = {"tiny.rom": Link("fixture:tiny.rom")}
RUN = ["run", "--model", "stories260k", "--chip", "demo"]
ASK = [*RUN, "--prompt-tokens", "2", "-n", "2"]
NUMBERS = ("-1", "0", "many", "1.5", "", "99999999999999999999", "18446744073709551615", "16777217")
COMMANDS = {"bake": ["synthetic:stories260k", "-o", "x.rom"], "inspect": [STORIES], "run": ASK[1:],
            "chat": ["--rom", "w4.rom", "--chip", "demo"], "eval": ["--checkpoint", STORIES, "--tokens", "ids.txt"],
            "baseline": ["--model", "stories260k"], "cost": ["--chip", "demo", "--model", "stories260k", "--prompt-tokens", "1", "-n", "1"],
            "rtl": ["--rom", "w4.rom", "--chip", "demo", "--unit", "sampler", "-o", "x"]}


def usage(cases):
    def add(*line, **more):
        cases.add("bad/usage", list(line), **more)
    add()
    for word in ("fly", "fl\ny", "help", "Run", ""):
        add(word)
    for option in ("--fly", "-x", "--version=3", "--json"):
        add(option)
    for command, good in COMMANDS.items():
        files = {**ROM, "ids.txt": "1 2 3 4"}
        add(command, files=files)
        for more in (["--unknown"], ["--unknown", "3"], ["-z"], ["stray"], ["--json"], ["--json", ""], ["--threads", "-1"],
                     ["--threads", "1025"], ["--threads", "two"], ["--threads"], ["--set"], ["--set", "x"], ["--set", ""],
                     ["--json", "a", "--json", "b"]):
            add(command, *good, *more, files=files)
        for left_out in range(0, len(good), 2):
            add(command, *good[:left_out], *good[left_out + 2:], files=files)
        for index, word in enumerate(good):
            if word.startswith("-"):
                add(command, *good[:index + 1], files=files)
        if command not in ("bake", "inspect"):
            add(command, *good, *good[:2], files=files)


def numbers(cases):
    for command, options in {"run": ("-n", "--prompt-tokens", "--users", "--top-k", "--seed", "--temperature"),
                             "chat": ("-n", "--top-k", "--seed", "--temperature"), "eval": ("--context", "--chunks"),
                             "baseline": ("--tp", "--batch", "--context"),
                             "cost": ("--prompt-tokens", "-n", "--users", "--machines", "--gpu-batch"),
                             "rtl": ("-n", "--prompt-tokens")}.items():
        base = {**COMMANDS, "run": RUN[1:], "cost": COMMANDS["cost"][:4],
                "rtl": ["--rom", "w4.rom", "--chip", "demo", "--unit", "chip", "-o", "x"]}[command]
        if command == "run":
            base = [*base, "--prompt-tokens", "2", "-n", "2"]
        if command == "cost":
            base = [*base, "--prompt-tokens", "1", "-n", "1"]
        for option in options:
            line = list(base)
            if option in line:
                at = line.index(option)
                del line[at:at + 2]
            for number in NUMBERS:
                if option in ("--seed", "--top-k") and number in ("0", "18446744073709551615"):
                    continue  # taken; the good cases run them
                cases.add(f"bad/number/{command}", [command, *line, option, number], files={**ROM, "ids.txt": "1 2 3 4"}, stdin=b"Once\n")
    for temperature in ("9", "3", "nan", "inf", "-0.5", "1e400"):
        cases.add("bad/number/run", ["run", "--rom", "w4.rom", "--chip", "demo", "--prompt-tokens", "2", "-n", "1", "--temperature",
                                     temperature], files=ROM)
        cases.add("bad/number/chat", ["chat", "--rom", "w4.rom", "--chip", "demo", "-n", "1", "--temperature", temperature], files=ROM)


def words(cases):
    for option, values in {"--precision": ("int3", "BF16", "", "1"), "--engine": ("tgi", "VLLM", "", "median"),
                           "--gpu": ("h100-smx", "", "h100", "none.json")}.items():
        for value in values:
            cases.add("bad/word", ["baseline", "--model", "llama-3.1-8b", option, value])
    for value in ("fast", "", "Bursts"):
        cases.add("bad/word", [*ASK, "--movement", value])
    for value in ("slow", ""):
        cases.add("bad/word", ["chat", "--rom", "w4.rom", "--chip", "demo", "--pace", value], files=ROM)
    for value in ("lora", "", "array", "CHIP", "host_link"):
        cases.add("bad/word", ["rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", value, "-o", "x"], files=ROM)


def run(cases):
    rom = ["run", "--rom", "w4.rom", "--chip", "demo"]

    def add(*line, files=None, kind="run", **more):
        cases.add(f"bad/{kind}", list(line), files={**ROM, **(files or {})}, **more)
    add("run", "--chip", "demo")
    add("run", "--model", "stories260k", "--rom", "w4.rom", "--chip", "demo", "--prompt-tokens", "2")
    add(*RUN)
    add(*RUN, "--prompt", "x")
    for more in (["--prompt", ""], ["--prompt", b"ab\xff"], ["--prompt", "a\xff" * 3, "-n", "1"], ["--prompt", "x", "-n", "many"],
                 ["--prompt", "word " * 3000, "--set", "kv.depth_words=16"], ["--prompt-tokens", "16000000"],
                 ["--prompt", "x", "--prompt-tokens", "2"], ["--prompt-tokens", "2", "--users", "65537"],
                 ["--prompt-tokens", "16777216", "--users", "9"], ["--prompt-tokens", "11", "--set", "kv.banks=16", "--set",
                                                                   "kv.depth_words=10", "--set", "kv.width_bytes=8"],
                 ["--prompt-tokens", "2", "--recipe", "w8", "-n", "1"], ["--prompt-tokens", "2", "--set", "chips.count=900"],
                 ["--prompt-tokens", "2", "-n", "2", "--rtl", "--timing-only"], ["--prompt-tokens", "2", "--rtl", "--users", "2"],
                 ["--prompt-tokens", "2", "--rtl", "--lora", "x"], ["--prompt-tokens", "2", "-n", "1", "--top-k", "1000"],
                 ["--prompt-tokens", "2", "--workload", "w"], ["--workload", "w", "--users", "2"], ["--workload", "none"],
                 ["--workload", ""], ["--prompt", "x", "--workload", "w"]):
        add(*rom, *more)
    add(*ASK, "--rtl")
    add(*rom, "--prompt-tokens", "2", "-n", "2", "--rtl", environment={"PATH": "nowhere", "KILN_CACHE": "."})
    for chip in ("hc1-pipelined", "hc1-x10", "hc1"):
        add("run", "--rom", "w4.rom", "--chip", chip, "--prompt-tokens", "2", "-n", "2", "--rtl", environment={"PATH": "nowhere"})
    for name in ("run.trace", "", "no/such/folder.json", "x.JSON", "pftrace"):
        add(*ASK, "--trace", name)
    add(*ASK, "--trace", "both.json", "--json", "both.json")
    add("run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "4", "-n", "5000", "--set", "kv.depth_words=16")
    add("run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "600", "-n", "2", "--json", "-")
    add("rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", "o_array", "-n", "3", "-o", "x")
    for more in (["--prompt", "x", "--prompt-tokens", "2"], ["--prompt", ""], ["--set", "link.beat_groups=3"]):
        add("rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", "chip", "-o", "x", *more)
    add("rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", "chip", "-o", "")
    add("rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", "sampler", "-o", "file", files={"file": "x"})
    add("rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", "sampler", "-o", "no/such/folder")
    for more in (["--system", "be brief"], ["--template", "nothing"], ["--template", ""], ["--lora", "none"], ["--gpu", "h100-smx"],
                 ["--set", "kv.bnaks=2"], ["--top-k", "1000"], ["--system", b"\xff", "--template", "t"]):
        add("chat", "--rom", "w4.rom", "--chip", "demo", *more, files={"t": "{{ messages[0].content }}"}, stdin=b"Once\n", kind="chat")
    add("chat", "--rom", "tiny.rom", "--chip", "demo", files=TINY_ROM, kind="chat")
    add("run", "--rom", "tiny.rom", "--chip", "demo", "--prompt", "x", files=TINY_ROM)
    add(*rom, "--prompt", "x", "-n", "2", "--lora", "adapter", files={"adapter": Link("fixture:breaking")})
    for more in (["--gpu", "h200"], ["--break-even", "--gpu", "l4"], ["--svg", "none/die.svg"], ["--svg", "x", "--json", "x"], ["--svg", ""],
                 ["--users", "0"], ["--economics", "none"], ["--set", "silicon.technology=n66"], ["--set", "tech:wafer_usd.low=20000"]):
        add("cost", "--chip", "hc1", "--model", "llama-3.1-8b", "--prompt-tokens", "1", "-n", "1", *more, kind="cost")
    add("cost", "--model", "gpt-oss-120b-dense", "--chip", "hnlpu", "--prompt-tokens", "2", "-n", "2", "--break-even", kind="cost")
    add("cost", "--model", "llama-3.1-8b", "--chip", "demo", kind="cost")
    for chip, model, more in (("hc1", "llama-3.1-8b", []), ("demo", "kiln-stories-1m", []), ("demo-bit-serial", "kiln-stories-1m", []),
                              ("demo-bit-serial", "kiln-stories-1m", ["--set", "tile.inputs_per_cycle=64", "--set", "tiles.down.rows=128"])):
        add("cost", "--model", model, "--chip", chip, "--prompt-tokens", "1", "-n", "1", "--set", "silicon.rom_cell=metal", *more, kind="cost")
    for more in (["--set", "tech:defects_per_cm2.high=50"], ["--set", "tile.rows=65536"], ["--set", "economics:utilisation.low=0"],
                 ["--model", "llama-3.1-70b"]):
        add("cost", "--chip", "hc1", *([] if "--model" in more else ["--model", "llama-3.1-8b"]), "--prompt-tokens", "1", "-n", "1", *more,
            kind="cost")
    for more in (["--batch", "600"], ["--context", "30000"], ["--batch", "999", "--context", "99999", "--tp", "64"],
                 ["--context", "9007199254740992"], ["--tp", "7"], ["--precision", "fp8", "--gpu", "a100-40-sxm"],
                 ["--engine", "exllama", "--gpu", "mi300x"], ["--batch", "100000000", "--context", "100000000"]):
        add("baseline", "--model", "llama-3.1-8b", *more, kind="baseline")
    for more in (["--chip", "demo"], ["--against", STORIES]):
        add("inspect", STORIES, *more, kind="inspect")
    add("inspect", "w4.rom", "--against", "synthetic:stories260k", kind="inspect")
    add("inspect", "w4.rom", "--against", "nothing", kind="inspect")
    add("inspect", f"{STORIES}/heldout.txt", kind="inspect")


def texts(cases):
    for subject in (["--rom", "w4.rom"], ["--checkpoint", STORIES]):
        def add(option, content, *more):
            name = "ids.txt" if option == "--tokens" else "text.txt"
            cases.add("bad/eval", ["eval", *subject, option, name, *more], files={**ROM, name: content})
        for ids in ("1 2 three 4", "1 2 -3 4", "1 2 3.5 4", "1 2 99999999999 4", b"1 2 \0", "1 2 1024 4", " \n", "", "1 2 3", "1 2 4 5 x"):
            add("--tokens", ids)
        add("--tokens", "1 2 3 4 5 6", "--context", "8")
        add("--tokens", "1 2 3 4 5 6", "--context", "2")
        for text in ("", "a", b"abc\xffxyz", b"ab\xed\xa0\x80"):
            add("--text", text)
        for context in ("100000", "-4", "0", "3", "1048577"):
            add("--text", "Once upon a time", "--context", context)
        add("--text", "Once upon a time", "--context", "4", "--chunks", "0")
        for content in (Folder(), Pipe()):
            add("--tokens", content)
            add("--text", content)
        cases.add("bad/eval", ["eval", *subject], files=ROM)
        cases.add("bad/eval", ["eval", *subject, "--text", "t", "--tokens", "t"], files={**ROM, "t": "1"})
        cases.add("bad/eval", ["eval", *subject, "--text", "none"], files=ROM)
        cases.add("bad/eval", ["eval", *subject, "--tokens", "ids.txt", "--lora", "none"], files={**ROM, "ids.txt": "1 2 3 4"})
    cases.add("bad/eval", ["eval", "--tokens", "x"])
    cases.add("bad/eval", ["eval", "--rom", "tiny.rom", "--text", "t"], files={**TINY_ROM, "t": "Once upon a time"})
    cases.add("bad/eval", ["eval", "--rom", "w4.rom", "--checkpoint", "synthetic:stories260k", "--tokens", "t"], files={**ROM, "t": "1 2 3 4"})


def outputs(cases):
    odd = {"folder": Folder(), "loop": Link("loop"), "pipe": Pipe(), "file": "precious"}
    for bad in ("no/folder/x", "folder", "loop/x", "loop", "pipe", "file/x", "a" * 300, "", "/proc/self/x.rom"):
        def add(*line):
            cases.add("bad/output", list(line), files={**odd, **ROM})
        add("bake", STORIES, "-o", bad)
        add("bake", STORIES, "-o", "x.rom", "--json", bad)
        add(*ASK, "--json", bad)
        add("baseline", "--model", "stories260k", "--json", bad)
        add("cost", "--chip", "demo", "--model", "stories260k", "--prompt-tokens", "1", "-n", "1", "--svg", bad)
        add("inspect", STORIES, "--json", bad)
        add("rtl", "--rom", "w4.rom", "--chip", "demo", "--unit", "sampler", "-o", bad if bad != "folder" else "pipe")
        add(*ASK, "--trace", f"{bad}.json" if len(bad) < 200 else bad)
        evaluate = ["eval", "--checkpoint", STORIES, "--text", f"{STORIES}/heldout.txt", "--context", "16", "--chunks", "1"]
        add(*evaluate, "--logits", bad)
        add(*evaluate, "--logits", "logits.f32", "--json", bad)
    for redirect in (">/dev/full", ">&-"):
        for line in (["baseline", "--model", "stories260k"], ASK, ["inspect", STORIES, "--json", "-"], ["--help"], ["--version"]):
            cases.add("bad/output", line, redirect=redirect)
    cases.add("bad/output", ["bake", "none", "-o", "x.rom"], files={"x.rom": "precious"})


def add_all(cases):
    usage(cases)
    numbers(cases)
    words(cases)
    run(cases)
    texts(cases)
    outputs(cases)
