"""Every subcommand, each shipped chip, two models and more: what must print and write the same."""
from compare_revisions.case import Link

STORIES = "models/kiln-stories-1m"
SHAPES = ("kiln-stories-1m", "llama-3.1-8b")
IMAGES = ("w4", "w3w6")
ROM = {recipe: {f"{recipe}.rom": Link(f"fixture:{recipe}.rom")} for recipe in ("w2", "w3w6", "w4", "w8")}
LORA = {"adapter": Link("fixture:adapter")}
WORKLOAD = ('{"arrival_us": 0, "prompt_tokens": 3, "answer_tokens": 3}\n'
            '{"arrival_us": 2.5, "prompt_tokens": 2, "answer_tokens": 4}\n\n'
            '{"arrival_us": 9000, "prompt_tokens": 3, "answer_tokens": 1}\n')
TEXTS = ('{"arrival_us": 0, "prompt": "Once upon a time", "answer_tokens": 6}\n'
         '{"arrival_us": 1, "prompt": "The dog", "answer_tokens": 5, "leaves_us": 3}\n'
         '{"arrival_us": 30, "prompt": "Tom", "answer_tokens": 2}\n')
TINY = ('{"name": "tiny", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, '
        '"num_key_value_heads": 2, "head_dim": 16, "vocab_size": 100, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, '
        '"rope_theta": 10000, "rope_scaling": null, "tie_word_embeddings": false}')
JINJA = ("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
         "{% if add_generation_prompt %}assistant:{% endif %}")
OWN_CHIP = {"hc1-x10": "llama-3.1-70b", "hnlpu": "gpt-oss-120b-dense"}  # chips made for one model


def fixtures(cases):
    """These come first: what they make, later cases use."""
    for recipe in ROM:
        cases.add(f"bake/stories/{recipe}", ["bake", STORIES, "-o", f"{recipe}.rom", "--recipe", recipe, "--json", "bake.json"],
                  keep={f"{recipe}.rom": f"{recipe}.rom"})
    cases.add("bake/tiny", ["bake", "synthetic:tiny.json:7", "-o", "tiny.rom", "--recipe", "w4"], files={"tiny.json": TINY},
              keep={"tiny.rom": "tiny.rom"})
    for name, more in {"adapter": ["--rank", "8", "--strength", "0.1"],
                       "narrow": ["--rank", "16", "--targets", "q_proj,down_proj", "--strength", "2"],
                       "breaking": ["--rank", "2", "--strength", "1e20"]}.items():
        cases.add(f"make-lora/{name}", ["--model", STORIES, "-o", name, *more], script="scripts/make-lora", keep={name: name})
    cases.add("make-lora/8b", ["--model", "configs/model/llama-3.1-8b.json", "--rank", "1", "--targets", "k_proj,v_proj", "-o", "8b"],
              script="scripts/make-lora", keep={"8b": "8b"})


def bake(cases):
    cases.add("bake/text", ["bake", STORIES, "-o", "x.rom"])
    cases.add("bake/stdout", ["bake", STORIES, "-o", "x.rom", "--json", "-", "--threads", "1", "--recipe", "w8"])
    cases.add("bake/set", ["bake", STORIES, "-o", "x.rom", "--recipe", "w4", "--set", "classes.down.bits=6", "--set",
                           "recipe:name=own", "--json", "-"])
    cases.add("bake/scalar", ["bake", "synthetic:tiny.json", "-o", "x.rom", "--recipe", "w2"], files={"tiny.json": TINY},
              environment={"KILN_SIMD": "scalar"})
    cases.add("bake/model-set", ["bake", "synthetic:stories260k:3", "-o", "x.rom", "--set", "model:num_hidden_layers=2", "--json", "-"])
    cases.add("bake/over-a-link", ["bake", "synthetic:tiny.json", "-o", "x.rom"],
              files={"tiny.json": TINY, "y.rom": "old", "x.rom": Link("y.rom")})


def inspect(cases, chips):
    for image in IMAGES:
        for chip in chips:
            cases.add(f"inspect/{chip}/{image}", ["inspect", f"{image}.rom", "--chip", chip, "--json", "i.json"], files=ROM[image])
            cases.add(f"inspect/{chip}/{image}/text", ["inspect", f"{image}.rom", "--chip", chip], files=ROM[image])
        cases.add(f"inspect/against/{image}", ["inspect", f"{image}.rom", "--against", STORIES, "--json", "-"], files=ROM[image])
        cases.add(f"inspect/against/{image}/text", ["inspect", f"{image}.rom", "--against", STORIES, "--chip", "demo"],
                  files=ROM[image])
    tiny = {"tiny.json": TINY, "tiny.rom": Link("fixture:tiny.rom")}
    cases.add("inspect/against/another", ["inspect", "tiny.rom", "--against", "synthetic:tiny.json:8"], files=tiny)
    cases.add("inspect/against/another/json", ["inspect", "tiny.rom", "--against", "synthetic:tiny.json:8", "--json", "-"], files=tiny)
    for source in (STORIES, "synthetic:llama-3.1-8b", "synthetic:tiny.json"):
        for more in ([], ["--json", "-"]):
            cases.add("inspect/checkpoint", ["inspect", source, *more], files={"tiny.json": TINY})


def run_shapes(cases, chip):
    for model in SHAPES + ((OWN_CHIP[chip],) if chip in OWN_CHIP else ()):
        def add(kind, *more, files=None):
            cases.add(f"run/{chip}/{model}/{kind}", ["run", "--model", model, "--chip", chip, *more], files=files or {})
        ask = ("--prompt-tokens", "3", "-n", "3")
        add("text", *ask)
        add("json", *ask, "--json", "-", "--timing-only", "--trace", "t.pftrace")
        add("chrome", "--prompt-tokens", "1", "-n", "2", "--trace", "t.json", "--json", "r.json")
        add("users", *ask, "--users", "3", "--json", "-", "--set", "sequencer.slots=4")
        add("workload", "--workload", "w.jsonl", "--json", "-", files={"w.jsonl": WORKLOAD})
        add("set", *ask, "--recipe", "w8", "--json", "-", "--set", "kv.when_full=refuse", "--set", "clock_mhz=777", "--set",
            "model:max_position_embeddings=4", "--set", "chip:link.beat_groups=2")
        if model != "gpt-oss-120b-dense" and model != "llama-3.1-70b":
            adapter = "8b" if model == "llama-3.1-8b" else "adapter"
            add("lora", *ask, "--lora", "adapter", "--json", "-", files={"adapter": Link(f"fixture:{adapter}")})


def run_values(cases, chip):
    for image in IMAGES:
        def add(kind, *more, files=None):
            cases.add(f"run/{chip}/{image}/{kind}", ["run", "--rom", f"{image}.rom", "--chip", chip, *more],
                      files={**ROM[image], **(files or {})})
        add("text", "--prompt", "Once upon a time", "-n", "12")
        add("json", "--prompt", "Once upon a time", "-n", "12", "--json", "-")
        add("drawn", "--prompt", "The dog", "-n", "8", "--temperature", "0.8", "--top-k", "5", "--seed", "7", "--json", "-",
            "--trace", "t.perfetto-trace")
        if image == "w4":
            add("users", "--prompt-tokens", "4", "-n", "5", "--users", "3", "--json", "-", "--set", "sequencer.slots=2")
            add("workload", "--workload", "w.jsonl", "--json", "w.json", files={"w.jsonl": TEXTS})
            add("workload/text", "--workload", "w.jsonl", files={"w.jsonl": TEXTS})
            add("lora", "--prompt", "Once upon", "-n", "5", "--lora", "adapter", "--json", "-", files=LORA)
        else:
            add("timing", "--prompt", "Once upon a time", "-n", "12", "--timing-only", "--json", "-")
            add("by-tile", "--prompt", "Tom", "-n", "2", "--by-tile", "--json", "-")
            add("beats", "--prompt", "Tom", "-n", "2", "--movement", "beats", "--json", "-", "--trace", "t.json")
            add("lora/text", "--prompt", "Once upon", "-n", "5", "--lora", "adapter", "--timing-only", files=LORA)


def run_once(cases):
    """What needs no more than one chip. The first has Verilator and a compiler at work, as long as all others together."""
    cases.add("run/one/rtl", ["run", "--rom", "tiny.rom", "--chip", "demo", "--prompt-tokens", "2", "-n", "2", "--rtl", "--json", "-"],
              files={"tiny.rom": Link("fixture:tiny.rom")})

    def add(kind, *more, files=None, image="w4", **rest):
        cases.add(f"run/one/{kind}", ["run", "--rom", f"{image}.rom", "--chip", "demo", *more], files={**ROM[image], **(files or {})},
                  **rest)
    add("scalar", "--prompt", "Once upon", "-n", "8", "--json", "-", "--threads", "1", environment={"KILN_SIMD": "scalar"})
    add("avx2", "--prompt", "Once upon", "-n", "8", "--json", "-", "--threads", "2", environment={"KILN_SIMD": "avx2"})
    add("long", "--prompt", "Once upon a time", "-n", "200", image="w2")
    add("long/json", "--prompt", "Once upon a time", "-n", "200", "--json", "-", image="w8")
    add("full", "--prompt", "Once upon a time", "-n", "5000", "--set", "kv.depth_words=16")
    add("full/json", "--prompt", "Once upon a time", "-n", "5000", "--set", "kv.depth_words=16", "--json", "-")
    add("own-chip", "--prompt", "Tom", "-n", "4", "--json", "-", "--set", "tiles.down.microarchitecture=bit_serial", "--set",
        "tiles.lm_head.microarchitecture=rom_mac", "--set", "tiles.lm_head.rom_mac.mac_lanes=64", "--by-tile")
    add("stages", "--prompt-tokens", "5", "-n", "6", "--users", "3", "--json", "-", "--set", "schedule=layer_pipelined", "--set",
        "sequencer.turn=decode_first", "--trace", "t.pftrace")
    add("chips", "--prompt-tokens", "5", "-n", "6", "--users", "3", "--json", "-", "--set", "chips.count=2", "--movement", "beats")
    add("narrow-lora", "--prompt", "Once upon", "-n", "6", "--lora", "adapter", "--json", "-", files={"adapter": Link("fixture:narrow")})
    add("temperature", "--prompt-tokens", "3", "-n", "6", "--temperature", "1.5", "--seed", "6", "--users", "2", "--json", "-")
    for more in (["--set", "kv.when_full=refuse", "--users", "40"], ["--set", "kv.when_full=queue", "--users", "40"]):
        cases.add("run/one/many", ["run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "200", "-n", "9", "--json",
                                   "-", *more])


def chat(cases, chips):
    turns = b"Once upon a time\n\n Then the dog\n/history\n/reset\n/help\n/fly\nOnce upon a time\n/exit\nnever read\n"
    for chip in chips:
        for image in IMAGES:
            for more in ([], ["--json", "turns.json"]):
                cases.add(f"chat/{chip}/{image}", ["chat", "--rom", f"{image}.rom", "--chip", chip, "-n", "8", *more],
                          files=ROM[image], stdin=turns)

    def add(kind, stdin, *more, files=None, **rest):
        cases.add(f"chat/one/{kind}", ["chat", "--rom", "w4.rom", "--chip", "demo", *more], files={**ROM["w4"], **(files or {})},
                  stdin=stdin, **rest)
    add("stdout", turns, "-n", "6", "--json", "-")
    add("drawn", turns, "-n", "6", "--json", "-", "--temperature", "0.9", "--top-k", "4", "--seed", "3", "--gpu", "b200")
    add("lora", turns, "-n", "6", "--json", "-", "--lora", "adapter", files=LORA)
    add("chip-pace", b"Once upon a time\n", "-n", "16", "--pace", "chip", "--json", "t.json")
    add("full", b"Once upon a time\n and\n/reset\nOnce\n", "--set", "kv.depth_words=16", "--json", "t.json")
    add("template", b"Hello\nAnd you?\n", "--template", "t.jinja", "--system", "Speak.", "-n", "6", "--json", "t.json",
        files={"t.jinja": JINJA})
    add("system", b"/system Be brief.\nHello\n/system Too late.\n/history\n", "--template", "t.jinja", "-n", "4",
        files={"t.jinja": JINJA})
    add("continued", b"Hello\n/system no\n", "--template", "none", "-n", "4")
    add("other-lines", b"Once upon a time\r\n/history\r\n/exit\r\n", "-n", "4")
    add("no-utf8", b"a\xff\nOnce\n", "-n", "4")
    add("no-line-end", b"Once", "-n", "4")
    add("closed-input", b"", redirect="<&-")
    add("full-output", b"one\n", "-n", "2", redirect=">/dev/full")
    add("closed-output", b"one\n", "-n", "2", redirect=">&-")
    add("closed-errors", b"one\n", "-n", "2", "--json", "o.json", redirect="2>&-")


def evaluate(cases):
    text = ["--text", f"{STORIES}/heldout.txt", "--context", "64", "--chunks", "2"]
    for image in IMAGES:
        for more in (["--json", "-"], []):
            cases.add(f"eval/{image}", ["eval", "--rom", f"{image}.rom", *text, *more], files=ROM[image])
            cases.add(f"eval/both/{image}", ["eval", "--rom", f"{image}.rom", "--checkpoint", STORIES, *text, *more], files=ROM[image])
        cases.add(f"eval/logits/{image}", ["eval", "--rom", f"{image}.rom", *text, "--logits", "l.f32", "--json", "e.json"],
                  files=ROM[image])
    cases.add("eval/checkpoint", ["eval", "--checkpoint", STORIES, *text])
    cases.add("eval/checkpoint/json", ["eval", "--checkpoint", STORIES, *text, "--logits", "l.f32", "--json", "-", "--threads", "1"])
    ids = {"ids.txt": " ".join(str(i * 7 % 100) for i in range(64)) + "\n"}
    cases.add("eval/tokens", ["eval", "--rom", "w4.rom", "--tokens", "ids.txt", "--json", "-"], files={**ids, **ROM["w4"]})
    cases.add("eval/tokens/text", ["eval", "--checkpoint", STORIES, "--tokens", "ids.txt", "--context", "32"], files=ids)
    cases.add("eval/synthetic", ["eval", "--rom", "tiny.rom", "--checkpoint", "synthetic:tiny.json:7", "--tokens", "ids.txt", "--context",
                                 "32", "--logits", "l.f32", "--json", "-"],
              files={**ids, "tiny.json": TINY, "tiny.rom": Link("fixture:tiny.rom")})
    cases.add("eval/lora", ["eval", "--rom", "w8.rom", "--checkpoint", STORIES, *text, "--lora", "adapter", "--json", "-"],
              files={**ROM["w8"], **LORA})
    cases.add("eval/lora/breaking", ["eval", "--checkpoint", STORIES, *text, "--lora", "adapter"],
              files={"adapter": Link("fixture:breaking")})
    cases.add("eval/short", ["eval", "--rom", "w4.rom", "--text", "t.txt"], files={**ROM["w4"], "t.txt": "Once upon a time there was a dog."})
    cases.add("eval/beyond", ["eval", "--checkpoint", STORIES, "--text", f"{STORIES}/heldout.txt", "--context", "300", "--chunks", "1"])


def baseline(cases, gpus):
    for model in SHAPES:
        for gpu in gpus:
            for precision in ("bf16", "fp8", "int8", "int4"):
                cases.add(f"baseline/{gpu}/{model}/{precision}", ["baseline", "--model", model, "--gpu", gpu, "--precision", precision,
                                                                 "--json", "-"])
        for engine in ("vllm", "trt-llm", "sglang", "gpt-fast", "lmdeploy", "mlc", "exllama", "llama.cpp"):
            cases.add(f"baseline/{engine}/{model}", ["baseline", "--model", model, "--engine", engine, "--batch", "8", "--context",
                                                    "2048", "--json", "b.json"])
        for more in ([], ["--machines"], ["--machines", "--json", "-"], ["--tp", "8", "--batch", "64", "--context", "4096"],
                     ["--set", "gpu:memory_gb=40", "--gpu", "h200", "--json", "-"], ["--gpu", "l4", "--gpu", "b200"]):
            cases.add(f"baseline/all/{model}", ["baseline", "--model", model, *more])
    cases.add("baseline/over-a-link", ["baseline", "--model", "llama-3.1-8b", "--json", "link.json"],
              files={"file.json": "old", "link.json": Link("file.json")})


def cost(cases, chips):
    ask = ("--prompt-tokens", "4", "-n", "4")
    for chip in chips:
        for model in SHAPES + ((OWN_CHIP[chip],) if chip in OWN_CHIP else ()):
            def add(kind, *more):
                cases.add(f"cost/{chip}/{model}/{kind}", ["cost", "--chip", chip, "--model", model, *more])
            add("text", *ask)
            add("svg", *ask, "--svg", "die.svg", "--json", "cost.json")
            if model in SHAPES:
                add("break-even", *ask, "--break-even")
                add("break-even/json", *ask, "--break-even", "--gpu", "h200", "--gpu-batch", "32", "--json", "-", "--machines", "20")
                add("users", *ask, "--users", "3", "--json", "-", "--recipe", "w8", "--economics", "default")
                add("set", *ask, "--json", "-", "--set", "tech:wafer_usd.high=30000", "--set", "economics:pue.high=3", "--set",
                    "kv.banks=600")
    cases.add("cost/one/capacity", ["cost", "--chip", "demo", "--model", "kiln-stories-1m"])


def rtl(cases, chips):
    units = ["chip", "sequencer", "embedding_rom", "vector_unit", "attention_unit", "sampler", "lora"]
    units += [f"{array}_{part}" for array in ("qkv", "o", "gate_up", "down", "lm_head") for part in ("array", "tree")]
    tiny = {"tiny.rom": Link("fixture:tiny.rom")}
    for chip in chips:
        for unit in units if chip.startswith("demo") else units[:1]:
            cases.add(f"rtl/{chip}/w4/{unit}", ["rtl", "--rom", "w4.rom", "--chip", chip, "--unit", unit, "-o", "made"],
                      files=ROM["w4"])
            cases.add(f"rtl/{chip}/tiny/{unit}", ["rtl", "--rom", "tiny.rom", "--chip", chip, "--unit", unit, "-o", "made", "--json",
                                                 "r.json", "--set", "vector.lanes=33"], files=tiny)
    cases.add("rtl/prompt", ["rtl", "--rom", "w3w6.rom", "--chip", "demo", "--unit", "chip", "--prompt", "Once upon a time", "-n",
                             "8", "-o", "made", "--json", "-"], files=ROM["w3w6"])
    cases.add("rtl/prompt-tokens", ["rtl", "--rom", "tiny.rom", "--chip", "demo-rom-mac", "--unit", "chip", "--prompt-tokens", "3", "-n",
                                    "4", "-o", "made"], files=tiny)


def help_screens(cases):
    cases.add("help/kiln", ["--help"])
    cases.add("help/version", ["--version"])
    for command in ("bake", "inspect", "run", "chat", "eval", "baseline", "cost", "rtl"):
        cases.add(f"help/{command}", [command, "--help"])


def add_all(cases, chips, gpus):
    run_once(cases)
    help_screens(cases)
    bake(cases)
    inspect(cases, chips)
    for chip in chips:
        run_shapes(cases, chip)
        run_values(cases, chip)
    chat(cases, chips)
    evaluate(cases)
    baseline(cases, gpus)
    cost(cases, chips)
    rtl(cases, chips)
