"""Checkpoints of which one thing is spoilt: what tests/checkpoint and tests/cli refuse."""
import json
import math

from compare_revisions.case import Folder, Link, Pipe
from compare_revisions.small_files import (Gguf, floats, hf, hf_config, hf_tensors, safetensors, safetensors_of, u32, u64)

BAKE = ["bake", "model", "-o", "x.rom", "--recipe", "w8"]
Q = "model.layers.0.self_attn.q_proj.weight"


def bake(cases, kind, files, source="model"):
    cases.add(f"bad/{kind}", ["bake", source, "-o", "x.rom", "--recipe", "w8"], files=files)


def headers(cases):
    whole = safetensors(hf_tensors())
    length = int.from_bytes(whole[:8], "little")
    header, data = json.loads(whole[8:8 + length]), whole[8 + length:]
    good = {"model/config.json": json.dumps(hf_config())}

    def add(content):
        bake(cases, "safetensors", {**good, "model/model.safetensors": content})
    for cut in (0, 7, 8, 7 + length, 8 + length, len(whole) - 1):
        add(whole[:cut])
        cases.add("bad/inspect", ["inspect", "model"], files={**good, "model/model.safetensors": whole[:cut]})
    add(whole + b"x")
    for claimed in (0, 100, 100_000_001, 1 << 63, (1 << 64) - 1):
        add(u64(claimed) + whole[8:])
    four = '{"w":{%s"dtype":"F32","shape":[%d],"data_offsets":[0,16]}%s}'
    for text in (four % ('"dtype":"F16",', 4, ""), four % ("", 4, ',"w":1'), four % ("", 3, "")):
        add(safetensors_of(text, b"\0" * 16))
    for text in (b'{"a\xff":1}', b"[" * 100_000, b'{"a":1,"a":2}', b"[]", b'{"w"', b'{"\xc3\x28":1}', b'{"w":1}'):
        add(safetensors_of(text))
    size = len(data)
    o_proj = header["model.layers.0.self_attn.o_proj.weight"]["data_offsets"]
    for key, value in (("data_offsets", [size, size + 256]), ("data_offsets", [256, 0]), ("data_offsets", [-1, 255]),
                       ("data_offsets", [1 << 63, (1 << 64) - 1]), ("data_offsets", o_proj), ("shape", [4, 16]),
                       ("shape", [1 << 33, 1 << 33]), ("shape", [1 << 62]), ("shape", [-8, 8]), ("shape", [8.0, 8]), ("shape", None),
                       ("dtype", "F4"), ("dtype", "I32"), ("dtype", 32), ("dtype", "Q9"), ("x", 1), ("data_offsets", [0, 16, 17])):
        spoilt = json.loads(json.dumps(header))
        spoilt[Q][key] = value
        add(safetensors_of(json.dumps(spoilt), data))
    for begin in (7, 9):
        add(safetensors_of(json.dumps({"a": {"dtype": "U8", "shape": [8], "data_offsets": [0, 8]},
                                       "b": {"dtype": "U8", "shape": [8], "data_offsets": [begin, begin + 8]}}), b"\0" * (begin + 8)))


def weights(cases):
    every = hf_tensors()
    for index in (0, 3, len(every) - 1):
        bake(cases, "tensors/missing", hf(every=every[:index] + every[index + 1:]))
    for name in ("model.layers.0.new\nline.\x1b[31m", "model.layers.0.self_attn.q_proj.bias", "model.layers.2.mlp.up_proj.weight"):
        bake(cases, "tensors/extra", hf(every=every + [{"name": name, "dtype": "F32", "shape": [1], "data": floats([1])}]))
    ids = {"ids.txt": "1 2 3 4"}
    for bad in (math.nan, math.inf, -math.inf):
        spoilt = [dict(t) for t in every]
        q = next(t for t in spoilt if t["name"] == Q)
        q["data"] = q["data"][:116] + floats([bad]) + q["data"][120:]
        bake(cases, "tensors/not-finite", hf(every=spoilt))
        cases.add("bad/eval", ["eval", "--checkpoint", "model", "--tokens", "ids.txt"], files={**hf(every=spoilt), **ids})
    for index, value in ((0, 3e38), (3, 3e38), (6, 1e38), (len(every) - 2, 3e38)):
        spoilt = [dict(t) for t in every]
        spoilt[index]["data"] = floats([value] * (len(spoilt[index]["data"]) // 4))
        bake(cases, "tensors/too-large", hf(every=spoilt))
    small = {"small.rom": Link("fixture:small.rom")}
    for index in range(3, 10):
        zero = [dict(t) for t in every]
        zero[index]["data"] = b"\0" * len(zero[index]["data"])
        cases.add("bad/inspect", ["inspect", "small.rom", "--against", "model"], files={**hf(every=zero), **small})
    cases.add("bad/inspect", ["inspect", "small.rom", "--against", "model", "--json", "-"], files={**hf(), **small})
    cases.add("bad/inspect", ["inspect", "small.rom", "--against", "model"], files={**hf(config=hf_config(num_hidden_layers=1)), **small})
    turned = [dict(t) for t in every]
    turned[0]["shape"] = turned[0]["shape"][::-1]
    bake(cases, "tensors/shape", hf(every=turned))
    bake(cases, "tensors/tied", hf(config=hf_config(tie_word_embeddings=True)))


def config(cases):
    for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
                "vocab_size", "max_position_embeddings"):
        for value in (0, -5, 10 ** 18, "8", 4.5, 1e18, 4294967296, [8], True):
            bake(cases, f"config/{key}", hf(config=hf_config(**{key: value})))
        if key != "head_dim":
            bake(cases, f"config/{key}", hf(config=hf_config(**{key: None})))
    llama3 = {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 1, "original_max_position_embeddings": 8192}
    for key, value in (("num_attention_heads", 3), ("num_key_value_heads", 3), ("head_dim", 7), ("num_hidden_layers", 1024),
                       ("rms_norm_eps", 0), ("rms_norm_eps", "x"), ("rope_theta", -1), ("rope_theta", "x"),
                       ("rope_scaling", {"rope_type": "yarn", "factor": 2}), ("rope_scaling", {"type": "dynamic", "factor": 4}),
                       ("rope_scaling", {"rope_type": "linear", "factor": 0}), ("rope_scaling", {"type": "linear"}),
                       ("rope_scaling", llama3), ("rope_scaling", {**llama3, "high_freq_factor": 0}), ("rope_scaling", 5),
                       ("rope_scaling", {**llama3, "original_max_position_embeddings": 0}),
                       ("architectures", ["GPT2LMHeadModel"]), ("architectures", ["MistralForCausalLM"]), ("architectures", ["new\nline"]),
                       ("architectures", None), ("architectures", 3), ("model_type", "mixtral"), ("model_type", "qwen2"),
                       ("attention_bias", True), ("mlp_bias", True), ("hidden_act", "gelu"),
                       ("quantization_config", {"quant_method": "gptq"}), ("partial_rotary_factor", 0.5)):
        bake(cases, f"config/{key}", hf(config=hf_config(**{key: value})))
    bake(cases, "config/kind", hf(config=hf_config(architectures=None, model_type=None)))
    for text in (b"", b"{", b"[]", b"[1]", b"null", b'{"hidden_size":1e400}', b"\xff{}", b'{"model_type": llama}', b'{"a": 1, "a": 2}',
                 b'{"a": "\xff"}', b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"{} {}", b'{"a": NaN}', b'{"a": 01}', b"{,}",
                 b'{"a": "\\ud800"}', b'{"a" 1}', b'{"a": 1,}'):
        bake(cases, "config/text", {**hf(), "model/config.json": text})


def shards(cases):
    every = hf_tensors()
    half = len(every) // 2
    index_name = "model/model.safetensors.index.json"

    def add(names=None, a=None, index=None, **more):
        names_of = {t["name"]: "a.safetensors" if i < half else "b.safetensors" for i, t in enumerate(every)}
        names_of.update(names or {})
        files = {"model/config.json": json.dumps(hf_config()), "model/a.safetensors": safetensors(every[:half]),
                 "model/b.safetensors": safetensors(every[half:])}
        files[index_name] = index if index is not None else json.dumps(
            {"metadata": {"total_size": 1}, "weight_map": {k: v for k, v in names_of.items() if v is not None}})
        if a == "gone":
            del files["model/a.safetensors"]
        elif a is not None:
            files["model/a.safetensors"] = a
        files.update(more)
        bake(cases, "shards", files)
    for shard in ("gone.safetensors", "model.safetensors.index.json", "../model.safetensors", "/elsewhere/model.safetensors", 5, "b.safetensors",
                  "new\nline.safetensors", "x/../../a.safetensors", "", "a\0.safetensors", None):
        add({Q: shard})
    add({"model.unheard_of": "b.safetensors"})
    for a in ("gone", Link("a.safetensors"), Link("b.safetensors"), Folder(), b"", Pipe()):
        add(a=a)
    add(a=safetensors(every[half:]))
    add(**{"model/b.safetensors": safetensors(every)})
    add(**{"model/b.safetensors": Link("gone")})
    add(a=Link("b.safetensors"), **{"model/b.safetensors": Link("a.safetensors")})
    for text in ("{", "[]", "{}", '{"weight_map": {}}', '{"weight_map": {"a": 1}}', '{"weight_map": 3}', '{"weight_map":{"a":"b","a":"c"}}'):
        add(index=text)


def gguf(cases):
    whole = Gguf().bytes()

    def add(kind, content):
        bake(cases, f"gguf/{kind}", {"tiny.gguf": content if isinstance(content, bytes) else content.bytes()}, "tiny.gguf")
    for cut in (*range(0, 600, 23), *range(600, len(whole) - 32, 397), len(whole) - 40):
        add("cut", whole[:cut])
    for cut in (0, 20, 300):
        cases.add("bad/inspect", ["inspect", "tiny.gguf"], files={"tiny.gguf": whole[:cut]})
    for at, data in ((0, b"GGUX"), (0, b"GGML"), (4, u32(99)), (4, u32(1)), (4, u32(4)), (4, u32(3 << 24)), (8, u64(1 << 60)),
                     (8, u64((1 << 64) - 1)), (16, u64((1 << 64) - 1)), (24, u64(1 << 62))):
        add("head", whole[:at] + data + whole[at + len(data):])
    q, up, last = "blk.0.attn_q.weight", "blk.0.ffn_up.weight", "blk.1.ffn_norm.weight"
    for name, change in ((q, {"type": 99}), (q, {"type": 20}), (q, {"dimensions": [4, 16]}), (q, {"dimensions": [1 << 62, 8]}),
                         (q, {"offset": 1 << 40}), (q, {"offset": (1 << 64) - 32}), (q, {"offset": 0}), (q, {"name": "blk.0.attn\nq.weight"}),
                         (up, {"dimensions": [12, 8]}), (up, {"dimensions": [1] * 5}), (up, {"dimensions": []}),
                         (up, {"dimensions": [1 << 40, 1 << 40]}), (up, {"dimensions": [8, 1 << 40, 1 << 40]}), (up, {"type": 23}),
                         (up, {"type": 39}), (up, {"type": 8}), (last, {"offset": 0}), (last, {"offset": 1 << 40}), (last, {"offset": 321}),
                         ("output_norm.weight", {"data": floats([1, math.inf] + [1] * 6)}),
                         ("blk.1.ffn_down.weight", {"data": floats([1] * 13 + [math.nan] + [1] * 82)})):
        add("tensor", Gguf().tensor(name, **change))
    for name in ("blk.1.ffn_up.weight", "token_embd.weight"):
        spoilt = Gguf()
        spoilt.tensors = [t for t in spoilt.tensors if t["name"] != name]
        add("tensor", spoilt)
    for extra in ({"name": "blk.0.attn_q.bias", "dimensions": [1], "type": 0, "data": b"1234", "offset": None}, dict(Gguf().tensors[3])):
        spoilt = Gguf()
        spoilt.tensors.append(extra)
        add("tensor", spoilt)
    metadata(add)
    tokenizers(add)


def metadata(add):
    for spoilt in (Gguf().text("general.architecture", "gpt2"), Gguf().text("general.architecture", "a\nb"),
                   Gguf().text("general.architecture", "qwen2"), Gguf().erase("general.architecture"),
                   Gguf().u32("general.architecture", 2), Gguf().u32("llama.embedding_length", 0), Gguf().u32("split.count", 3),
                   Gguf().u32("llama.expert_count", 8), Gguf().erase("llama.block_count"), Gguf().u32("llama.attention.head_count", 0),
                   Gguf().u32("llama.block_count", 0xFFFFFFFF), Gguf().text("llama.block_count", "two"),
                   Gguf().erase("llama.attention.layer_norm_rms_epsilon"), Gguf().f32("llama.attention.layer_norm_rms_epsilon", math.nan),
                   Gguf().integers("llama.attention.head_count_kv", [1, 2]), Gguf().u32("llama.rope.dimension_count", 2),
                   Gguf().u32("llama.vocab_size", 11), Gguf().set("x", u32(9) + u32(9) + u64(0)), Gguf().set("x", u32(13)),
                   Gguf().u32(b"a\xff", 1), Gguf().text("general.name", b"a\xff"), Gguf().set("x", u32(8) + u64((1 << 64) - 1)),
                   Gguf().set("x", u32(9) + u32(4) + u64(1 << 62)), Gguf().u32("general.alignment", 0), Gguf().u32("general.alignment", 48),
                   Gguf().u32("general.alignment", 1 << 31), Gguf().text("llama.rope.scaling.type", "yarn"),
                   Gguf().text("llama.rope.scaling.type", "linear"), Gguf().u32("llama.attention.key_length", 2),
                   Gguf().u32("llama.attention.key_length", 2).u32("llama.attention.value_length", 2)):
        add("metadata", spoilt)
    twice = Gguf()
    twice.values.append(list(twice.values[1]))
    add("metadata", twice)
    for dimensions, data in (([2], [1.0, 0.0]), ([2], [1.0, math.inf]), ([1], [1.0])):
        rope = Gguf()
        rope.tensors.append({"name": "rope_freqs.weight", "dimensions": dimensions, "type": 0, "data": floats(data), "offset": None})
        add("rope", rope)


def tokenizers(add):
    def of(model):
        b = Gguf().text("tokenizer.ggml.model", model).texts("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "a", "b"])
        b.integers("tokenizer.ggml.token_type", [2, 3, 3, 1, 1]).u32("tokenizer.ggml.bos_token_id", 1)
        return b.u32("tokenizer.ggml.eos_token_id", 2).u32("tokenizer.ggml.padding_token_id", 0xFFFFFFFF)

    def scored(scores=(0, 0, 0, -1, -2)):
        return of("llama").floats("tokenizer.ggml.scores", list(scores))
    for spoilt in (of("bert"), of("llama"), of("gpt2"), of("gpt2").text("tokenizer.ggml.pre", "qwen2"),
                   of("gpt2").text("tokenizer.ggml.pre", "smollm"), scored([0, 0, 0, -1, math.nan]),
                   scored().u32("tokenizer.ggml.eos_token_id", 5), scored().integers("tokenizer.ggml.token_type", [2, 3, 3, 1]),
                   scored().integers("tokenizer.ggml.token_type", [2, 3, 3, 1, 7]),
                   scored().texts("tokenizer.ggml.tokens", ["<unk>", "<s>", "</s>", "a", b"\xff"]),
                   scored([0] * 11).texts("tokenizer.ggml.tokens", ["x"] * 11).integers("tokenizer.ggml.token_type", [1] * 11)):
        add("tokenizer", spoilt)


def no_files(cases):
    odd = {"empty": Folder(), "folder.gguf": Folder(), "loop": Link("loop"), "pipe": Pipe(), "pipe.gguf": Pipe(), "empty.gguf": b""}
    for name in (*odd, "nowhere", "/no/such/file.gguf", "/no/model.safetensors", "synthetic:", "synthetic::1", "synthetic:nope",
                 "synthetic:stories260k:", "synthetic:stories260k:x", "synthetic:stories260k:-1",
                 "synthetic:stories260k:18446744073709551616"):
        files = {name: odd[name]} if name in odd else {}
        bake(cases, "no-file", files, name)
        cases.add("bad/inspect", ["inspect", name], files=files)
        cases.add("bad/run", ["run", "--rom", name, "--chip", "demo", "--prompt", "x"], files=files)
        cases.add("bad/eval", ["eval", "--checkpoint", name, "--tokens", "ids.txt"], files={**files, "ids.txt": "1 2 3 4"})
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        for content in (Folder(), Pipe(), Link(name), Link("gone"), b"", b"{", b"\xff"):
            bake(cases, "no-file", {**hf(), f"model/{name}": content})
    bake(cases, "no-file", {"model/config.json": json.dumps(hf_config())})
    bake(cases, "good", hf())


def add_all(cases):
    headers(cases)
    weights(cases)
    config(cases)
    shards(cases)
    gguf(cases)
    no_files(cases)
