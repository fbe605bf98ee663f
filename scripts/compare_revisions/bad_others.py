"""Adapters, workloads, chat templates and tokenizers that are refused."""
import copy
import json
import math

from compare_revisions.case import Link
from compare_revisions.small_files import floats, hf, safetensors

LORA = {"peft_type": "LORA", "r": 2, "lora_alpha": 8, "bias": "none"}
PREFIX = "base_model.model.model."


def lora(cases):
    def tensor(name, shape):
        return {"name": name, "dtype": "F32", "shape": shape,
                "data": floats([i % 7 - 3 + shape[1] for i in range(shape[0] * shape[1])])}

    def pair(module, rank, outputs, inputs):
        return [tensor(f"{PREFIX}{module}.lora_A.weight", [rank, inputs]), tensor(f"{PREFIX}{module}.lora_B.weight", [outputs, rank])]
    fine = pair("layers.0.self_attn.q_proj", 2, 8, 8) + pair("layers.1.mlp.down_proj", 2, 8, 12)

    def add(config=None, tensors=None, files=None):
        made = {"a/adapter_config.json": json.dumps({**LORA, **(config or {})}),
                "a/adapter_model.safetensors": safetensors(fine if tensors is None else tensors)} if files is None else files
        cases.add("bad/lora", ["eval", "--checkpoint", "model", "--tokens", "ids.txt", "--lora", "a"],
                  files={**hf(), "ids.txt": "1 2 3 4", **made})
    add()
    for key, value in (("peft_type", "IA3"), ("use_dora", True), ("bias", "all"), ("lora_bias", True), ("fan_in_fan_out", True),
                       ("modules_to_save", ["lm_head"]), ("layer_replication", [1]), ("init_lora_weights", "pissa"), ("r", -2),
                       ("alora_invocation_tokens", [1, 2]), ("use_bdlora", True), ("target_parameters", ["x"]), ("a key of tomorrow", 1),
                       ("layers_to_transform", "x"), ("exclude_modules", ".*q"), ("target_modules", ["q.*"]), ("lora_alpha", "x"),
                       ("rank_pattern", {".*q_proj": 4}), ("alpha_pattern", 3), ("target_modules", ["q_proj", "up_proj"]),
                       ("layers_to_transform", [1]), ("exclude_modules", ["down_proj"]), ("target_modules", ["proj"]),
                       ("target_modules", ["layers.1"]), ("target_modules", ["_proj"]), ("layer_replication", [7] * 100000),
                       ("alpha_pattern", {"q_proj": 1000, "layers.0.self_attn.q_proj": 16}), ("r", 0), ("r", 3), ("r", "x"), ("r", 1e9)):
        add({key: value})
    for name, shape in ((f"{PREFIX}layers.2.self_attn.q_proj.lora_A.weight", [2, 8]), ("base_model.model.lm_head.lora_A.weight", [2, 8]),
                        (f"{PREFIX}embed_tokens.lora_embedding_A", [2, 10]), (f"{PREFIX}layers.0.self_attn.v_proj.lora_A.weight", [3, 8]),
                        (f"{PREFIX}layers.0.self_attn.v_proj.lora_A.weight", [2, 8]),
                        (f"{PREFIX}layers.0.self_attn.v_proj.lora_A.default.weight", [2, 8])):
        add(tensors=fine + [tensor(name, shape)])
    spoilt = copy.deepcopy(fine)
    spoilt[0]["dtype"] = "I32"
    add(tensors=spoilt)
    spoilt = copy.deepcopy(fine)
    spoilt[1]["data"] = spoilt[1]["data"][:4] + floats([math.nan]) + spoilt[1]["data"][8:]
    add(tensors=spoilt)
    add(tensors=[])
    add(files={"a/x": ""})
    add(files={"a/adapter_config.json": json.dumps(LORA)})
    for text in ("", "{", "[]", "{}"):
        add(files={"a/adapter_config.json": text})
    run = ["run", "--chip", "demo", "--prompt-tokens", "2", "-n", "2", "--model"]
    adapter = {"adapter": Link("fixture:adapter")}
    cases.add("bad/lora/run", [*run, "stories260k", "--lora", "adapter"], files=adapter)
    cases.add("bad/lora/run", [*run, "kiln-stories-1m", "--lora", ""], files=adapter)
    cases.add("bad/lora/run", [*run, "kiln-stories-1m", "--lora", "none"], files=adapter)
    cases.add("bad/lora/run", [*run, "kiln-stories-1m", "--lora", "adapter", "--set", "lora.sram_kib=16"], files=adapter)


def workloads(cases):
    end = '"prompt_tokens": 1, "answer_tokens": 1}'
    for text in ("", "\n{", "[1]", '{"arrival": 1}', '{"arrival_us": 5, "leaves_us": 4, ' + end, '{"prompt_tokens": 1, "answer_tokens": 1}',
                 '{"arrival_us": 1, "arrival_us": 2, ' + end, '{"arrival_us": -1, ' + end, '{"arrival_us": 1e13, ' + end,
                 '{"arrival_us": "now", ' + end, '{"arrival_us": 1, "answer_tokens": 1}',
                 '{"arrival_us": 1, "prompt": "", "answer_tokens": 1}', '{"arrival_us": 1, "prompt": 3, "answer_tokens": 1}',
                 '{"arrival_us": 1, "prompt": "a", ' + end, '{"arrival_us": 1, "prompt": "a", "answer_tokens": 1}',
                 '{"arrival_us": 1, "prompt_tokens": 0, "answer_tokens": 1}', '{"arrival_us": 1, "prompt_tokens": 2, "answer_tokens": 1.5}',
                 '{"arrival_us": 1, "prompt_tokens": 2, "answer_tokens": 0}', '{"arrival_us": 1, "prompt_tokens": 2}',
                 '{"arrival_us": 0, ' + end + "\n{}", b'{"a\xff": 1}', '{"arrival_us": 0, "leaves_us": "x", ' + end, "null", "1 2"):
        cases.add("bad/workload", ["run", "--model", "stories260k", "--chip", "demo", "--workload", "w.jsonl"], files={"w.jsonl": text})


TEMPLATES = [
    "\n{% macro f() %}{% endmacro %}", "{% raw %}{% endraw %}", "a\n\n{{ 1 | safe }}", "{{ 1 is divisibleby(2) }}", "{{ 'a'.center(3) }}",
    "{{ f(1) }}", "{{ dict(a=1) }}", "{{ messages[0](1) }}", "{{ 1 / 2 }}", "{{ 2 ** 2 }}", "{{ 1.5 }}", "{{ 1_000 }}",
    "{{ 99999999999999999999 }}", "{{ 'a' | tojson(2) }}", "{{ 'a' | trim(other=2) }}", "{{ 'a'.replace('b') }}", "{{ namespace([]) }}",
    "{% for x in y recursive %}{% endfor %}", "{% set loop = 1 %}", "{{ '\\N{DEGREE SIGN}' }}", "{{ '\\ud83d' }}", "{{ 1", "\n{% if x",
    "{# never ends", "{{ 'never ends }}", "{% if x %}", "{% endif %}", "{% if x %}{% endfor %}", "{{ }}", "{{ 1 2 }}", "{{ (1 2) }}",
    "{{ 1) }}", "{{ a ! b }}", "{% break %}", "{% for x y %}", "{% set x.y %}", "{% %}", "{{ a.'b' }}", b"\xff", "\n{{ nothing.here }}",
    "{{ messages[9]['role'] }}", "{{ 'a' + 1 }}", "{{ strftime_now('%d') }}", "{{ 9223372036854775807 + 1 }}", "{{ {}.items }}",
    "{{ ['\u00e9'] }}", "{{ '\u00e9'|upper }}", "{{ range(200000)|length }}", "{{ raise_exception('a\\x1b[2Jb') }}",
    "{{ " + "(" * 50000 + "1" + ")" * 50000 + " }}", "{{ " + "not " * 50000 + " }}", "{{ " + "-" * 50000 + " }}",
    "{{ x" + "[" * 50000 + "1" + "]" * 50000 + " }}", "{{ 1" + "+1" * 50000 + " }}", "{{ x" + "|trim" * 50000 + " }}",
    "{{ x" + ".a" * 50000 + " }}", "{{ 1" + " if 1 else 1" * 50000 + " }}", "{% if 1 %}" * 50000,
    "{% set ns = namespace(a=[]) %}{% for i in range(200) %}{% set ns.a = [ns.a] %}{% endfor %}",
    "{% for a in range(100000) %}" * 3 + "{% endfor %}" * 3, "{{ 'a' * 9000000000000000000 }}", "{{ [1, 2] * 9000000000000000000 }}",
    "{% set x = 'a' * 10000000 %}{{ x }}{{ x }}", "{% set x = 'a' * 10000000 %}{{ x.replace('', x) }}", " " * ((1 << 20) + 1),
    "{% frobnicate %}", "{{ messages[0].content }}", "", "{{ bos_token }}{{ messages|length }}"]


def templates(cases, shipped):
    for text in (*TEMPLATES, *shipped):
        for system in ([], ["--system", "Be brief."]) if text in shipped else ([],):
            cases.add("bad/template" if text not in shipped else "chat/template",
                      ["chat", "--rom", "w4.rom", "--chip", "demo", "-n", "2", "--template", "t.jinja", *system],
                      files={"t.jinja": text, "w4.rom": Link("fixture:w4.rom")}, stdin=b"Hello\nAgain\n/history\n")


def smol_json():
    def symbol(byte):
        printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
        return chr(byte) if byte in printable else chr(256 + [b for b in range(256) if b not in printable].index(byte))
    return {"added_tokens": [{"id": 257, "content": "<|im_end|>", "special": True}], "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True},
                                                                    {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}]},
            "model": {"type": "BPE", "vocab": {**{symbol(byte): byte for byte in range(256)}, "ab": 256}, "merges": [["a", "b"]]}}


def tokenizers(cases):
    good = smol_json()

    def add(root, config=None, generation=None):
        text = root if isinstance(root, str) else json.dumps(root)
        files = {**hf(), "model/tokenizer.json": text}
        if config is not None:
            files["model/tokenizer_config.json"] = config
        cases.add("bad/tokenizer", ["inspect", "model"], files=files)
    add(good)

    def spoilt(change):
        root = copy.deepcopy(good)
        change(root)
        add(root)
    spoilt(lambda r: r["model"].update(type="Unigram"))
    spoilt(lambda r: r["pre_tokenizer"]["pretokenizers"].__setitem__(0, {"type": "Split", "pattern": {"Regex": "x+"}}))
    spoilt(lambda r: r["model"]["vocab"].update(ab=7))
    spoilt(lambda r: r["model"]["vocab"].update(ab=4000000000))
    spoilt(lambda r: r["added_tokens"][0].update(id=300))
    spoilt(lambda r: r["added_tokens"][0].update(lstrip=True))
    spoilt(lambda r: r["model"]["merges"].__setitem__(0, 7))
    spoilt(lambda r: r.update(pre_tokenizer={"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": True}))
    for config in ("{", '{"eos_token":"nope"}', '{"chat_template":3}', '{"bos_token":{}}', "[]"):
        add(good, config)
    for path in (("model",), ("model", "vocab"), ("model", "merges"), ("added_tokens",), ("pre_tokenizer",), ("normalizer",)):
        for wrong in (None, 7, "x", [], {}, True, ["a"]):
            def put(root, path=path, wrong=wrong):
                for key in path[:-1]:
                    root = root[key]
                root[path[-1]] = wrong
            spoilt(put)


def add_all(cases, shipped_templates):
    lora(cases)
    workloads(cases)
    templates(cases, shipped_templates)
    tokenizers(cases)
