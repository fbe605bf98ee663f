"""Config files of every kind with one thing wrong at every key, and what `--set` refuses: tests/config and tests/cli."""
import copy
import json

from compare_revisions.case import Folder, Link, Pipe, Sparse

RUN = ["run", "--model", "stories260k", "--chip", "demo", "--prompt-tokens", "2", "-n", "2"]


def asks(kind, file):
    """A command that reads `file` as a config of this kind."""
    if kind == "chip":
        return ["run", "--model", "stories260k", "--chip", file, "--prompt-tokens", "2", "-n", "2"]
    if kind == "model":
        return ["run", "--model", file, "--chip", "demo", "--prompt-tokens", "2", "-n", "2"]
    if kind == "recipe":
        return ["run", "--model", "stories260k", "--recipe", file, "--chip", "demo", "--prompt-tokens", "2", "-n", "2"]
    if kind == "gpu":
        return ["baseline", "--model", "stories260k", "--gpu", file]
    if kind == "economics":
        return ["cost", "--chip", "demo", "--model", "stories260k", "--prompt-tokens", "2", "-n", "2", "--economics", file]
    return None


def add(cases, kind, label, content):
    """Kinds that no option names are found on the path of configs."""
    text = content if isinstance(content, (bytes, str)) or not isinstance(content, (dict, list)) else json.dumps(content)
    if kind == "tech":
        cases.add(f"bad/{kind}/{label}", ["cost", "--chip", "demo", "--model", "stories260k", "--prompt-tokens", "2", "-n", "2",
                                          "--set", "silicon.technology=own.json"], files={"own.json": text})
    elif kind == "machine":
        cases.add(f"bad/{kind}/{label}", ["baseline", "--model", "stories260k", "--machines", "--gpu", "l4"],
                  files={"own/machine/taalas-hc1.json": text}, environment={"KILN_CONFIG_PATH": "own:configs"})
    else:
        cases.add(f"bad/{kind}/{label}", asks(kind, "own.json"), files={"own.json": text})


def places(tree, path=()):
    """Every key of an object below, deepest last; `reasons` are prose."""
    for key, value in tree.items():
        if path == () and key == "reasons":
            continue
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def parent_of(tree, path):
    for key in path[:-1]:
        tree = tree[key]
    return tree


def every_key(cases, kind, good):
    paths = list(places(good))
    if kind in ("tech", "economics"):  # many constants of one form: every key of one of them, all the others once
        first = [p for p in paths if len(p) == 2][:1]
        keep = {p[0] for p in first}
        paths = [p for p in paths if len(p) == 1 or p[0] in keep]
    if kind == "gpu":
        engines = [p for p in paths if p[0] == "engines"]
        keep = {p[1] for p in engines if len(p) > 1}
        keep &= {"vllm"}
        paths = [p for p in paths if p[0] != "engines" or len(p) == 1 or p[1] in keep]
    for path in paths:
        label = "/".join(path)

        def spoil(change):
            tree = copy.deepcopy(good)
            change(parent_of(tree, path), path[-1])
            add(cases, kind, label, tree)
        spoil(lambda at, key: at.pop(key))
        spoil(lambda at, key: at.__setitem__(key, [1]))
        spoil(lambda at, key: at.__setitem__(key + "x", 1))
        value = parent_of(good, path)[path[-1]]
        if isinstance(value, bool) or value is None:
            spoil(lambda at, key: at.__setitem__(key, 7))
        elif isinstance(value, (int, float)):
            for other in (-1, 1e300, 18446744073709551615, 1.5, "2") + ((0,) if kind != "tech" else ()):
                spoil(lambda at, key, other=other: at.__setitem__(key, other))
        elif isinstance(value, str):
            spoil(lambda at, key: at.__setitem__(key, "no such word"))
            spoil(lambda at, key: at.__setitem__(key, ""))
        elif isinstance(value, dict):
            spoil(lambda at, key: at.__setitem__(key, 3))
            spoil(lambda at, key: at.__setitem__(key, {}))


def rules(cases, shipped):
    """Rules between keys."""
    def spoilt(kind, name, label, change):
        tree = copy.deepcopy(shipped(kind, name))
        change(tree)
        add(cases, kind, label, tree)
    spoilt("machine", "taalas-hc1", "order", lambda t: t.update(tokens_per_s_user_low=20000))
    spoilt("gpu", "h100-sxm", "price", lambda t: t["price_usd_per_h"].update(low=5))
    spoilt("gpu", "h100-sxm", "price", lambda t: t.update(price_usd_per_h=3))
    spoilt("tech", "28nm", "order", lambda t: t["fo4_ps"].update(low=900))
    spoilt("economics", "default", "order", lambda t: t["pue"].update(low=1.9))
    spoilt("model", "llama-3.1-8b", "no-head-dim", lambda t: (t.pop("head_dim"), t.update(hidden_size=97)))
    spoilt("gpu", "h100-sxm", "efficiency", lambda t: t["engines"]["vllm"].update(bandwidth_efficiency=1.01))
    for half in ("technology", "rom_cell"):
        spoilt("chip", "demo", "half", lambda t, half=half: (t["silicon"].pop(half), t["reasons"].pop(f"/silicon/{half}", 0)))
    cases.add("bad/cost/no-silicon", ["cost", "--model", "kiln-stories-1m", "--chip", "own.json"],
              files={"own.json": json.dumps({k: v for k, v in shipped("chip", "demo").items() if k not in ("silicon", "reasons")})})
    many = {"name": "x", **{f"key-number-{i}": 0 for i in range(150)}}
    add(cases, "recipe", "many", many)
    for text in (b'{"name": nope}', b"", b"{} {}", b'{"name": "\xff"}', b"[]", b"17", b"null", b"{", b"\xff",
                 b'{"name":"a","base":{"bits":3,"bits":4,"codebook":"kmeans"},"name":"b"}', b'{"name":[1,{"a":1,"a":2}]}', b"[" * 1000000,
                 b'{"name": 1e999}', b'{"name": NaN}', b'{"name":"x","base":{"bits":3,"codebook":"kmeans"},"zzzzzzzzzzzz":1}',
                 b'{"' + b"k" * 100000 + b'":1, "\\u001b[2J": 2}', b'{"name":"x"}', b'{"name":"x","classes":{"q":{"bits":3}}}',
                 b'{"name":"x","base":{"bits":5,"codebook":"grid"}}', b"[" * 64 + b"]" * 64, b"[" * 65 + b"]" * 65):
        for kind in ("recipe", "chip") if len(text) < 5 else ("recipe",):
            add(cases, kind, "text", text)
    for kind in ("chip", "model", "recipe", "gpu", "economics", "tech", "machine"):
        add(cases, kind, "text", "{")
        add(cases, kind, "text", "{}")
        for content in (Folder(), Pipe(), Link("own.json"), Sparse((1 << 24) + 1)):
            if kind not in ("tech", "machine"):
                cases.add(f"bad/{kind}/no-file", asks(kind, "own.json"), files={"own.json": content})
        for name in ("nope", "demoo", "./none.json", "none.json", "", "lama-3.1-8b", "h100-smx", "defualt", "w33"):
            if kind not in ("tech", "machine"):
                cases.add(f"bad/{kind}/name", asks(kind, name))


SETS = ["kv.bnaks=64", "kv.banks", "=5", ".=3", "/=5", "kv..banks=5", "kv.=3", "//=1", "", "kv.banks.deep=5", "kv.banks.x=3", "kw.banks=3",
        "kv=5", "kv.banks=0", "kv.banks=", "kv.banks=many", "kv.banks=1e400", "kv.banks=[", "kv.banks=a\nb", b"chip:name=\xff",
        "model:head_dim=7", "gpu:nothing=1", "recipe:base.bits=99", "clock_mhz=fast", "clock_mhz=10001", "tile.rows=0", "tile.rows=65537",
        "tile.microarchitecture=rom", "tiles.down.rows=0", "tiles.gate.rows=2", "tiles.down=3", "down.rows=2", "tiles.o.mac_lanes=2",
        "tile.product_cycles=2", "tile.count_cycles=2", "tile.mac_lanes=2", "tile.multiply_cycles=2", "tile.bit_serial.mac_lanes=2",
        "tiles.lm_head.rom_mac.read_cycle=2", "/reasons/~1kv~1bank=x", "/reasons/~1kv=x", "/reasons/~1kv~1banks=7",
        'host={"latency_cycles":1,"latency_cycles":2,"cycles_per_token":1}', "silicon.rom_cell=via", 'silicon.technology=""',
        "silicon.technology=n66", "silicon.rom_cell=metal", "chips.count=900", "schedule=fast", "sequencer.slots=0", "kv.when_full=wait",
        "tech:nothing=1", "tech:fo4_ps.low=900", "economics:pue.low=9", "model:num_key_value_heads=5", "model:num_attention_heads=65536",
        "model:rope_theta=1e999", "model:rope_scaling.rope_type=yarn", "model:vocab_size=0", "recipe:classes.q.bits=5",
        "recipe:base.codebook=grid", "vector.lanes=0", "link.beat_groups=0", "sampler.max_top_k=0", "lora.sram_kib=0"]


def sets(cases):
    for one in SETS:
        cases.add("bad/set", [*RUN, "--set", one])
    cases.add("bad/set/two", [*RUN, "--set", "kv.bnaks=4", "--set", "clock_mhz=fast"])
    cases.add("bad/set/three", [*RUN, "--set", "tile.rows=0", "--set", "kv.bankz=3", "--set", "clock_mhz=fast"])
    cases.add("bad/set/bit-serial", [*RUN, "--set", "tile.microarchitecture=bit_serial", "--set", "tile.inputs_per_cycle=65"])
    cases.add("bad/set/bit-serial", [*RUN, "--set", "tile.inputs_per_cycle=65", "--set", "tiles.o.microarchitecture=bit_serial"])
    hc1 = ["run", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "1", "-n", "1"]
    for more in (["--set", "tile.microarchitecture=rom_mac"], ["--set", "tiles.down.microarchitecture=bit_serial"],
                 ["--set", "tiles.down.microarchitecture=bit_serial", "--set", "tiles.down.bit_serial.count_cycles=3"],
                 ["--set", "kv.depth_words=1"], ["--set", "kv.banks=1", "--set", "kv.depth_words=100"], ["--set", "tile.rows=7"], ["--set", "silicon.technology=28nm"],
                 ["--set", "model:num_key_value_heads=5"], ["--set", "model:head_dim=127"], ["--set", "model:num_attention_heads=65536"],
                 ["--set", "model:rope_scaling.high_freq_factor=1"], ["--set", "model:rope_scaling.rope_type=linear"],
                 ["--set", "model:rope_scaling.rope_type=yarn"], ["--set", 'model:rope_scaling={"rope_type":"linear","factor":-1}'],
                 ["--set", "model:rope_theta=1e999"], ["--set", "lora.sram_kib=8"]):
        cases.add("bad/set/hc1", [*hc1, *more])
    cases.add("bad/set/none", [*RUN, "--set"])
    for path in ("nowhere", "models", "own::configs"):
        cases.add("bad/path", RUN, environment={"KILN_CONFIG_PATH": path})
        cases.add("bad/path", ["baseline", "--model", "lama"], environment={"KILN_CONFIG_PATH": path})
    for kind in ("chip", "model", "recipe", "gpu", "tech", "economics"):
        for command in (["bake", "synthetic:stories260k", "-o", "x.rom"], ["inspect", "models/kiln-stories-1m"],
                        ["eval", "--checkpoint", "models/kiln-stories-1m", "--tokens", "x"], ["baseline", "--model", "stories260k"],
                        ["chat", "--rom", "none.rom", "--chip", "demo"], ["rtl", "--rom", "none.rom", "--chip", "demo", "--unit", "chip",
                                                                         "-o", "x"],
                        ["run", "--rom", "none.rom", "--chip", "demo", "--prompt", "x"],
                        ["cost", "--chip", "demo", "--model", "stories260k", "--prompt-tokens", "1", "-n", "1"]):
            cases.add(f"bad/set/{command[0]}", [*command, "--set", f"{kind}:name=3"])


def add_all(cases, shipped):
    chip = copy.deepcopy(shipped("chip", "demo"))
    every_key(cases, "chip", chip)
    for array in ("qkv", "o", "gate_up", "down", "lm_head"):
        chip.setdefault("tiles", {})[array] = {}
    add(cases, "chip", "tiles", {**chip, "tiles": {**chip["tiles"], "o": {"rows": 0}, "down": []}})
    every_key(cases, "model", shipped("model", "llama-3.1-8b"))
    every_key(cases, "recipe", shipped("recipe", "w4"))
    every_key(cases, "gpu", shipped("gpu", "h100-sxm"))
    every_key(cases, "machine", shipped("machine", "taalas-hc1"))
    every_key(cases, "tech", shipped("tech", "28nm"))
    every_key(cases, "economics", shipped("economics", "default"))
    rules(cases, shipped)
    sets(cases)
