#!/usr/bin/env python3
"""Writes tests/fuzz/corpus: small inputs of every kind, from which fuzzers begin and which tests read again. Files that a fuzzer
found (found-*) stay.

    tests/fuzz/make_corpus.py --kiln build/dev/kiln
"""
import argparse
import json
import pathlib
import sqlite3
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORPUS = HERE / "corpus"


def put(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def bundle(parts):
    """Several files in one input: support/bundle.hpp."""
    joined = b""
    for name, content in parts.items():
        joined += b"=== " + name.encode() + b"\n" + (content if isinstance(content, bytes) else content.encode()) + b"\n"
    return joined


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Models.

def tensors(layers, hidden, ffn, kv, vocabulary, tied=False):
    """Name in Hugging Face's files, name in GGUF, rows (0: a norm), columns."""
    all_of_it = [("model.embed_tokens.weight", "token_embd.weight", vocabulary, hidden)]
    for i in range(layers):
        h, g = f"model.layers.{i}.", f"blk.{i}."
        all_of_it += [(h + "input_layernorm.weight", g + "attn_norm.weight", 0, hidden),
                      (h + "self_attn.q_proj.weight", g + "attn_q.weight", hidden, hidden),
                      (h + "self_attn.k_proj.weight", g + "attn_k.weight", kv, hidden),
                      (h + "self_attn.v_proj.weight", g + "attn_v.weight", kv, hidden),
                      (h + "self_attn.o_proj.weight", g + "attn_output.weight", hidden, hidden),
                      (h + "post_attention_layernorm.weight", g + "ffn_norm.weight", 0, hidden),
                      (h + "mlp.gate_proj.weight", g + "ffn_gate.weight", ffn, hidden),
                      (h + "mlp.up_proj.weight", g + "ffn_up.weight", ffn, hidden),
                      (h + "mlp.down_proj.weight", g + "ffn_down.weight", hidden, ffn)]
    all_of_it.append(("model.norm.weight", "output_norm.weight", 0, hidden))
    if not tied:
        all_of_it.append(("lm_head.weight", "output.weight", vocabulary, hidden))
    return all_of_it


def floats(count):
    return b"".join(struct.pack("<f", (i % 13 - 6) / 64) for i in range(count))


# GGUF.

U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5


def gguf_string(text):
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def gguf_value(kind, value):
    if kind == STRING:
        return gguf_string(value)
    return struct.pack({U32: "<I", F32: "<f", BOOL: "<?", I32: "<i"}[kind], value)


def gguf_entry(key, kind, value):
    if isinstance(value, list):
        return (gguf_string(key) + struct.pack("<IIQ", ARRAY, kind, len(value)) + b"".join(gguf_value(kind, v) for v in value))
    return gguf_string(key) + struct.pack("<I", kind) + gguf_value(kind, value)


def gguf(entries, placed, version=3):
    """placed: name, dimensions, type, bytes."""
    head = b"GGUF" + struct.pack("<IQQ", version, len(placed), len(entries))
    head += b"".join(gguf_entry(*entry) for entry in entries)
    data = b""
    for name, dimensions, kind, content in placed:
        head += gguf_string(name) + struct.pack("<I", len(dimensions)) + b"".join(struct.pack("<Q", d) for d in dimensions)
        head += struct.pack("<IQ", kind, len(data))
        data += content + bytes(-len(content) % 32)
    return head + bytes(-len(head) % 32) + data


def llama(hidden, ffn, layers=1, heads=2, kv_heads=1, context=32):
    return [("general.architecture", STRING, "llama"), ("general.name", STRING, "tiny"), ("llama.block_count", U32, layers),
            ("llama.context_length", U32, context), ("llama.embedding_length", U32, hidden), ("llama.feed_forward_length", U32, ffn),
            ("llama.attention.head_count", U32, heads), ("llama.attention.head_count_kv", U32, kv_heads),
            ("llama.attention.layer_norm_rms_epsilon", F32, 1e-5), ("llama.rope.freq_base", F32, 10000.0)]


def sentence_piece(words):
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + words
    return [("tokenizer.ggml.model", STRING, "llama"), ("tokenizer.ggml.tokens", STRING, tokens),
            ("tokenizer.ggml.scores", F32, [0.0] * 259 + [-float(i) for i in range(len(words))]),
            ("tokenizer.ggml.token_type", I32, [2, 3, 3] + [6] * 256 + [1] * len(words)),
            ("tokenizer.ggml.bos_token_id", U32, 1), ("tokenizer.ggml.eos_token_id", U32, 2),
            ("tokenizer.ggml.unknown_token_id", U32, 0), ("tokenizer.ggml.add_bos_token", BOOL, True),
            ("tokenizer.chat_template", STRING, TEMPLATES["plain"])]


def unknown_only(words):
    """Few tokens: what has no token is the unknown one."""
    tokens = ["<unk>", "<s>", "</s>"] + words
    return [("tokenizer.ggml.model", STRING, "llama"), ("tokenizer.ggml.tokens", STRING, tokens),
            ("tokenizer.ggml.scores", F32, [-float(i) for i in range(len(tokens))]),
            ("tokenizer.ggml.token_type", I32, [2, 3, 3] + [1] * len(words)), ("tokenizer.ggml.unknown_token_id", U32, 0),
            ("tokenizer.ggml.bos_token_id", U32, 1), ("tokenizer.ggml.eos_token_id", U32, 2)]


def symbols():
    """GPT-2's symbol of each byte."""
    plain = [b for b in range(256) if 33 <= b <= 126 or (b >= 161 and b != 173)]
    rest = [b for b in range(256) if b not in plain]
    return [chr(b) if b in plain else chr(256 + rest.index(b)) for b in range(256)]


def byte_level(pre, merges):
    tokens = symbols() + [merge.replace(" ", "") for merge in merges] + ["<|begin|>", "<|end|>"]
    return [("tokenizer.ggml.model", STRING, "gpt2"), ("tokenizer.ggml.pre", STRING, pre), ("tokenizer.ggml.tokens", STRING, tokens),
            ("tokenizer.ggml.token_type", I32, [1] * (len(tokens) - 2) + [3, 3]), ("tokenizer.ggml.merges", STRING, merges),
            ("tokenizer.ggml.bos_token_id", U32, len(tokens) - 2), ("tokenizer.ggml.eos_token_id", U32, len(tokens) - 1)]


def plain_tensors(layers, hidden, ffn, kv, vocabulary, tied):
    return [(name, [columns] if rows == 0 else [columns, rows], 0, floats(max(rows, 1) * columns))
            for _, name, rows, columns in tensors(layers, hidden, ffn, kv, vocabulary, tied)]


# Bytes of a block and weights of a block of ggml's types, by their numbers.
BLOCKS = {1: (2, 1), 2: (18, 32), 3: (20, 32), 6: (22, 32), 7: (24, 32), 8: (34, 32), 10: (84, 256), 11: (110, 256), 12: (144, 256),
          13: (176, 256), 14: (210, 256), 16: (66, 256), 17: (74, 256), 18: (98, 256), 19: (50, 256), 20: (18, 32), 21: (110, 256),
          22: (82, 256), 23: (136, 256), 29: (56, 256), 30: (2, 1), 34: (54, 256), 35: (66, 256)}


def make_gguf():
    words = ["\u2581", "a", "b", "\u2581a", "ab"]
    put("gguf", "unknown-only.gguf", gguf(llama(8, 8) + unknown_only(words), plain_tensors(1, 8, 8, 4, 8, True)))
    put("gguf", "no-tokenizer.gguf", gguf(llama(8, 8), plain_tensors(1, 8, 8, 4, 8, False), 2))
    tokenizer = sentence_piece(words)
    put("gguf", "sentence-piece.gguf", gguf(llama(4, 4) + tokenizer, plain_tensors(1, 4, 4, 2, 264, True)))
    merges = ["a b", "\u0120 a", "ab ab"]
    put("gguf", "byte-level.gguf", gguf(llama(4, 4) + byte_level("llama-bpe", merges), plain_tensors(1, 4, 4, 2, 261, True)))
    put("gguf", "smollm.gguf", gguf(llama(4, 4) + byte_level("smollm", merges), plain_tensors(1, 4, 4, 2, 261, True)))
    scaled = llama(8, 8) + [("llama.rope.scaling.type", STRING, "linear"), ("llama.rope.scaling.factor", F32, 2.0),
                            ("general.alignment", U32, 32)]
    factors = [("rope_freqs.weight", [2], 0, struct.pack("<2f", 1.0, 2.0))]
    put("gguf", "rope-linear.gguf", gguf(scaled, plain_tensors(1, 8, 8, 4, 8, True)))
    put("gguf", "rope-factors.gguf", gguf(llama(8, 8), plain_tensors(1, 8, 8, 4, 8, True) + factors))
    # What other architectures and tokenizers say, and parts of a split file: refused, each by its key.
    small = plain_tensors(1, 8, 8, 4, 8, True)
    for name, entry in {"neutral": ("llama.use_parallel_residual", BOOL, True), "scale": ("llama.residual_scale", F32, 2.0),
                        "one": ("llama.rope.scaling.attn_factor", F32, 2.0), "sections": ("llama.rope.dimension_sections", I32, [1, 2]),
                        "key-scale": ("llama.attention.scale", F32, 3.0), "window": ("llama.attention.sliding_window", U32, 8),
                        "layout": ("llama.tensor_data_layout", STRING, "reference"), "type": ("general.type", STRING, "adapter"),
                        "vocabulary": ("llama.vocab_size", U32, 9)}.items():
        put("gguf", f"key-{name}.gguf", gguf([*llama(8, 8), entry], small))
    for name, counts in {"per-layer": [1], "layers-differ": [1, 2], "too-many": [1, 1, 1]}.items():
        entries = [entry for entry in llama(8, 8, layers=2 if name == "layers-differ" else 1) if entry[0] != "llama.attention.head_count_kv"]
        put("gguf", f"heads-{name}.gguf", gguf([*entries, ("llama.attention.head_count_kv", I32, counts)], small))
    for name, number, count in (("first", 0, 2), ("beyond", 5, 2), ("thousands", 0, 1 << 20)):
        put("gguf", f"split-{name}.gguf", gguf([*llama(8, 8), ("split.no", U32, number), ("split.count", U32, count), ("split.tensors.count", I32, 20)], small))
    put("gguf", "rope-factors-few.gguf", gguf(llama(8, 8), [*small, ("rope_freqs.weight", [1], 0, struct.pack("<f", 1.0))]))
    lowercase = [*sentence_piece(words), ("tokenizer.ggml.normalizer.lowercase", BOOL, True)]
    put("gguf", "key-lowercase.gguf", gguf(llama(4, 4) + lowercase, plain_tensors(1, 4, 4, 2, 264, True)))
    for kind, (block_bytes, block_weights) in BLOCKS.items():
        put("gguf", f"type-{kind}.gguf", quantised(kind, block_bytes, block_weights))


def quantised(kind, block_bytes, block_weights):
    """Every matrix whose rows are whole blocks is of this type, the others BF16."""
    width = max(block_weights, 8)
    placed = []
    shapes = {"attn_q": (2, width), "attn_k": (2, width), "attn_v": (2, width), "attn_output": (width, 2)}
    for _, name, rows, columns in tensors(1, width, 1, 2, 2, True):
        rows, columns = shapes.get(name.split(".")[-2], (rows, columns))
        if rows == 0:
            placed.append((name, [columns], 0, floats(columns)))
        elif columns % block_weights:
            placed.append((name, [columns, rows], 30, b"\x80\x3f" * (rows * columns)))
        else:
            content = bytes((i * 37) % 56 for i in range(rows * columns // block_weights * block_bytes))
            placed.append((name, [columns, rows], kind, content))
    return gguf(llama(width, 1, heads=1) + [("llama.attention.key_length", U32, 2), ("llama.attention.value_length", U32, 2)], placed)


# Safetensors and what goes with them.

def safetensors(placed, extra=None):
    """placed: name, dtype, shape, bytes."""
    header, data = dict(extra or {}), b""
    for name, dtype, shape, content in placed:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = compact(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def make_safetensors():
    for dtype, name in (("F32", "f32"), ("BF16", "bf16"), ("F16", "f16")):
        width = 4 if dtype == "F32" else 2
        placed = [(hf, dtype, [columns] if rows == 0 else [rows, columns], (floats(max(rows, 1) * columns)[:: 1] if width == 4 else
                   b"\x00\x3c" * (max(rows, 1) * columns))) for hf, _, rows, columns in tensors(1, 8, 8, 4, 4, True)]
        put("safetensors", f"{name}.safetensors", safetensors(placed, {"__metadata__": {"format": "pt"}} if width == 4 else None))
    put("safetensors", "empty.safetensors", safetensors([]))
    put("safetensors", "other-dtypes.safetensors", safetensors([("a", "I64", [1], bytes(8)), ("b", "BOOL", [0], b""), ("c", "U8", [], b"\1")]))


CONFIG = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
          "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 264, "max_position_embeddings": 32,
          "tie_word_embeddings": True, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "bos_token_id": 1, "eos_token_id": 2,
          "hidden_act": "silu", "attention_bias": False, "mlp_bias": False, "torch_dtype": "float32"}


def llama2(space):
    words = ["<unk>", "<s>", "</s>", "\u2581", "a", "b", "c", "\u2581a", "ab"]
    tokenizer = {"version": "1.0", "truncation": None, "padding": None,
                 "added_tokens": [{"id": i, "content": words[i], "single_word": False, "lstrip": False, "rstrip": False,
                                   "normalized": False, "special": True} for i in range(3)],
                 "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
                                {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
                 "pre_tokenizer": None,
                 "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                    {"Sequence": {"id": "A", "type_id": 0}}], "pair": [], "special_tokens": {}},
                 "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
                             {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
                 "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True,
                           "ignore_merges": False, "vocab": {word: i for i, word in enumerate(words)}, "merges": ["\u2581 a", "a b"]}}
    if space:
        tokenizer["normalizer"] = None
        tokenizer["pre_tokenizer"] = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": space, "split": False}
    return tokenizer


LLAMA3 = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def byte_level_json(pre):
    vocab = {symbol: i for i, symbol in enumerate(symbols())}
    vocab["ab"] = 256
    return {"added_tokens": [{"id": 257, "content": "<|end|>", "special": True, "normalized": False}], "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": pre + [{"type": "ByteLevel", "add_prefix_space": False,
                              "trim_offsets": True, "use_regex": not any(p["type"] == "Split" for p in pre)}]},
            "post_processor": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
            "decoder": {"type": "ByteLevel"},
            "model": {"type": "BPE", "ignore_merges": True, "vocab": vocab, "merges": [["a", "b"]]}}


def make_hugging_face():
    settings = {"bos_token": {"content": "<s>", "lstrip": False}, "eos_token": "</s>", "add_bos_token": True, "model_max_length": 32,
                "added_tokens_decoder": {"0": {"content": "<unk>", "special": True}}, "chat_template": TEMPLATES["plain"],
                "tokenizer_class": "LlamaTokenizer", "legacy": False}

    def directory(name, tokenizer=None, config=None, **others):
        parts = {"config.json": compact({**CONFIG, **(config or {})})}
        if tokenizer:
            parts["tokenizer.json"] = compact(tokenizer)
            parts["tokenizer_config.json"] = compact(settings)
        put("hugging_face", name, bundle({**parts, **others}))

    directory("config-only")
    directory("prepend", llama2(None))
    for space in ("first", "always", "never"):
        directory(f"metaspace-{space}", llama2(space))
    directory("smollm", byte_level_json([{"type": "Digits", "individual_digits": True}]))
    directory("llama3", byte_level_json([{"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False}]))
    directory("rope-llama3", config={"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0,
              "high_freq_factor": 4.0, "original_max_position_embeddings": 16}, "head_dim": 4, "vocab_size": 8})
    directory("rope-linear", config={"rope_scaling": {"type": "linear", "factor": 2.0}, "vocab_size": 8, "tie_word_embeddings": False})
    directory("other-files", llama2(None), **{"chat_template.jinja": TEMPLATES["system"],
              "generation_config.json": compact({"bos_token_id": 1, "eos_token_id": [2, 3], "do_sample": True, "temperature": 0.6}),
              "special_tokens_map.json": compact({"bos_token": "<s>", "eos_token": {"content": "</s>"}, "unk_token": "<unk>"}),
              "added_tokens.json": compact({"<extra>": 9})})
    directory("rope-newer", config={"rope_parameters": {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0,
              "high_freq_factor": 4.0, "original_max_position_embeddings": 16}, "rope_theta": None, "head_dim": 4, "vocab_size": 8})

    def with_settings(name, tokenizer=None, **others):
        directory(name, tokenizer or llama2(None), **{"tokenizer_config.json": compact({**settings, **others})})

    with_settings("templates-list", chat_template=[{"name": "default", "template": TEMPLATES["plain"]}, {"name": "tool_use", "template": ""}])
    with_settings("templates-named", chat_template={"tool_use": TEMPLATES["plain"], "rag\"": ""})
    added = llama2(None)
    added["added_tokens"] += [{"id": 9 + i, "content": text, "lstrip": i == 1, "rstrip": i == 2, "single_word": i == 3, "normalized": i == 4, "special": i < 2}
                              for i, text in enumerate(["<extra>", "<l>", "<r>", "w", "a b"])]
    with_settings("added-tokens", added, additional_special_tokens=["<extra>", "<l>"], extra_special_tokens={"image_token": "<l>"}, legacy=True)
    with_settings("named-tokens", bos_token="<other>", eos_token=None, pad_token={"content": "</s>"}, unk_token="<unk>", tokenizer_class="LlamaTokenizerFast", add_prefix_space=True)
    for key, value in {"split_special_tokens": True, "clean_up_tokenization_spaces": True, "add_eos_token": True, "add_prefix_space": False,
                       "added_tokens_decoder": {"-1": {"content": "x"}}, "additional_special_tokens": ["<none>"], "model_max_length": []}.items():
        with_settings(f"settings-{key}", **{key: value})
    stops = {"generation_config.json": compact({"stop_strings": ["x"], "eos_token_id": 2})}
    directory("stop-strings", llama2(None), **stops)
    for name, extra in {"added-number": {"<extra>": 99999999}, "added-order": {"<a>": 11, "<b>": 9}, "added-list": [1]}.items():
        directory(name, llama2(None), **{"added_tokens.json": compact(extra)})
    for name, model in {"merges-sides": {"merges": [["a ", "b"]]}, "merges-empty": {"merges": ["ab"]}, "merges-twice": {"merges": ["a b", "a b"]},
                        "vocab-list": {"vocab": []}, "fuse": {"fuse_unk": False}}.items():
        directory(name, {**llama2(None), "model": {**llama2(None)["model"], **model}})
    post = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"<s>": {"ids": [1]}}}
    for name, other in {"post-ids": post, "post-many": {**post, "special_tokens": {"<s>": {"ids": [1, 2]}}}, "post-behind": {**post, "single": post["single"][::-1]}}.items():
        directory(name, {**llama2(None), "post_processor": other})
    directory("byte-level-normalised", {**byte_level_json([]), "normalizer": {"type": "NFC"}})
    directory("deep", llama2(None), **{"tokenizer_config.json": "[" * 80 + "]" * 80})
    directory("tokens-many", llama2(None), {"vocab_size": 4})
    placed = [(hf, "F32", [columns] if rows == 0 else [rows, columns], floats(max(rows, 1) * columns))
              for hf, _, rows, columns in tensors(1, 8, 8, 4, 4, True)]
    # Most of these are refused, each for another reason.
    for name, wrong in {
            "architecture": {"architectures": ["MistralForCausalLM"]}, "architectures": {"architectures": 5}, "type": {"model_type": "gemma"},
            "activation": {"hidden_act": "gelu"}, "quantised": {"quantization_config": {"quant_method": "gptq"}},
            "rotary": {"partial_rotary_factor": 0.5}, "rope": {"rope_scaling": 3}, "yarn": {"rope_scaling": {"rope_type": "yarn", "factor": 2}},
            "llama3": {"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1, "original_max_position_embeddings": 16}},
            "llama3-original": {"rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4}},
            "rope-layers": {"rope_scaling": {"factor": 2.0}}, "rope-kinds": {"rope_parameters": {"full_attention": {"rope_type": "default"}}},
            "rope-part": {"rope_parameters": {"partial_rotary_factor": 0.5, "rope_type": "default"}}, "number": {"rms_norm_eps": 1e999},
            "heads": {"num_attention_heads": 3}, "name": {"_name_or_path": "org/tiny-llama/"}, "bias": {"attention_bias": True}}.items():
        directory(f"wrong-{name}", config=wrong)
    tied = [*placed, ("lm_head.weight", "F32", [4, 8], placed[0][3]), ("model.rotary_emb.inv_freq", "F32", [1], floats(1))]
    for name, content in {"tied-shape": [*placed, ("lm_head.weight", "F32", [8, 4], placed[0][3])], "tied-twice": tied, "tied-other": [*placed, ("lm_head.weight", "F32", [4, 8], bytes(128))], "none-missing": placed,
                          "one-missing": placed[1:], "one-more": [*placed, ("x", "F32", [1], floats(1))],
                          "shape": [("model.embed_tokens.weight", "F32", [8, 4], placed[0][3]), *placed[1:]],
                          "dtype": [("model.embed_tokens.weight", "I32", [4, 8], placed[0][3]), *placed[1:]]}.items():
        directory(name, config={"vocab_size": 4}, **{"model.safetensors": safetensors(content)})
    for name, index in {"index-empty": {}, "index-leaves": {"a": "../x.safetensors"}, "index-other": {"a": "x.bin"}, "index-number": {"a": 1},
                        "index-promises": {"a": "y.safetensors"}}.items():
        directory(name, config={"vocab_size": 4}, **{"model.safetensors.index.json": compact({"weight_map": index}), "y.safetensors": safetensors(placed[:1])})
    tokenizer = llama2(None)
    for name, wrong in {"unigram": {"model": {"type": "Unigram", "vocab": [["a", 0.5]]}}, "wordpiece": {"model": {"type": "WordPiece"}},
                        "normalizer": {"normalizer": {"type": "NFC"}}, "pre": {"pre_tokenizer": {"type": "Whitespace"}},
                        "split": {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Split", "pattern": {"Regex": "a+"}, "behavior": "Removed"}]}},
                        "ids": {"added_tokens": [{"id": 99999, "content": "x"}, {"id": -1, "content": ""}]}, "post": {"post_processor": {"type": "BertProcessing"}},
                        "decoder": {"decoder": {"type": "WordPiece"}}, "text": {"model": "BPE"}}.items():
        directory(f"tokenizer-{name}", {**tokenizer, **wrong})
    directory("shards", config={"vocab_size": 4}, **{
        "model.safetensors.index.json": compact({"metadata": {"total_size": 1}, "weight_map": {
            hf: f"model-0000{1 + (i > 4)}-of-00002.safetensors" for i, (hf, *_) in enumerate(placed)}}),
        "model-00001-of-00002.safetensors": safetensors(placed[:5]), "model-00002-of-00002.safetensors": safetensors(placed[5:])})


def make_adapter():
    def adapter(name, config, placed):
        settings = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "down_proj"],
                    "bias": "none", "use_dora": False, "fan_in_fan_out": False, "modules_to_save": None, **config}
        put("adapter", name, bundle({"adapter_config.json": compact(settings), "adapter_model.safetensors": safetensors(placed)}))

    def weights(module, inputs, outputs, rank=2):
        start = f"base_model.model.model.layers.{module}.lora_"
        return [(start + "A.weight", "F32", [rank, inputs], floats(rank * inputs)), (start + "B.weight", "F32", [outputs, rank], floats(outputs * rank))]

    both = [w for layer in (0, 1) for module in ("self_attn.q_proj", "mlp.down_proj") for w in weights(f"{layer}.{module}", 8, 8)]
    adapter("plain", {}, both)
    adapter("rslora", {"use_rslora": True, "alpha_pattern": {"q_proj": 8}, "rank_pattern": {"layers.1.self_attn.q_proj": 2}}, both)
    adapter("one-layer", {"layers_to_transform": [1], "target_modules": "all-linear", "layers_pattern": None}, both[4:])
    adapter("excluded", {"exclude_modules": ["down_proj"], "init_lora_weights": True}, both[:2] + both[4:6])


# Text.

TEMPLATES = {
    "plain": "{{ bos_token }}{% for m in messages %}{{ m['role'] + ': ' + m['content'] | trim + eos_token }}{% endfor %}"
             "{% if add_generation_prompt %}assistant: {% endif %}",
    "system": "{%- if messages[0].role == 'system' %}{% set s = messages[0].content %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}"
              "{% endif -%}\n{% for m in rest %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}"
              "{% endif %}{{ loop.first }}{{ m.content.strip().upper() }}{% else %}none{% endfor %}",
    "namespace": "{% set ns = namespace(n=0, l=[]) %}{% for i in range(5) if i is odd %}{% set ns.n = ns.n + i * 2 // 3 %}{% if i == 3 %}{% break %}"
                 "{% endif %}{% endfor %}{{ ns.n ~ '-' ~ [1, 'a', {'b': none}] | tojson }}{# note #}{{ (tools is none) and (x is not defined) }}",
    "filters": "{{ 'a b,c'.split(',') | join('+') | replace('a', 'bb') | title }}{{ messages | length }}{{ '12' | int + 3 }}{{ [1, 2, 3][::-1] | last }}"
               "{{ {'k': 1}.items() | list }}{{ 'x' in 'xyz' }}{{ 5 if 2 > 1 else 6 }}{{ m.n.o | default('d') }}{{ 'ab'.startswith('a') }}",
    "words": "{{ 'a b c'.split() | length }}{{ 'a  b c'.split(none, 1) }}{{ '--x-'.strip('-\u00e9') }}{{ 'xyx'.lstrip('x') }}{{ 'h\u00e9llo'[1] }}{{ 'h\u00e9llo'[1:-1] }}"
             "{{ 'hello'[::2] }}{{ 'ab' * 3 }}{{ 'ab' < 'ac' }}{{ 'aa'.replace('', '-') }}{{ 'abab'.replace('ab', 'c', 1) }}{{ ['it\\'s \\n\\t', 'x\u0001', '\"'] }}"
             "{{ '\u0001\"\\\\\n' | tojson }}{{ 'x' | length }}{{ '0x1' | int(7) }}{{ '1.5' | int }}{{ '\u4f60' | upper }}",
    "sequences": "{% set p = [{'a': {'b': 1}, 't': 'x'}, {'a': {'b': 2}}] %}{{ p | map(attribute='a.b') | list }}{{ p | map(attribute='t', default='d') | join(',') }}"
                 "{{ p | selectattr('t') | list | length }}{{ p | rejectattr('t', 'defined') | list }}{{ [1, 2, 3] | select('odd') | list }}"
                 "{{ [1, 2, 3] | reject('==', 2) | list }}{{ ['a', 'b'] | map('upper') | list }}{{ [1] + [2] }}{{ [0] * 2 }}{{ (1, 2)[0] }}{{ [1, 2, 3][1:][0] }}"
                 "{{ ([1] | map('string')) == 3 }}{{ p | map(attribute='a.0') | list }}",
    "dicts": "{% set d = {'a': 1, 'b': none, 'a': 2} %}{{ d.keys() | list }}{{ d.values() | list }}{{ d.get('a') }}{{ d.get('z', 3) }}{{ d.items() | length }}"
             "{% for k, v in d | items %}{{ k }}{{ v }}{% endfor %}{{ 'a' in d }}{{ d == {'a': 2, 'b': none} }}{{ {} | tojson(indent=2) }}{{ d | tojson(indent=2) }}"
             "{{ true | tojson }}{{ x.y | default('', true) }}{{ none is iterable }}{{ d is mapping }}{{ 1 in [1] }}{{ 1 in u }}{{ d and 1 }}",
    "blocks": "{% set text %}a{{ 1 }}{% endset %}{{ text or 'none' }}{% generation %}{{ not true or -1 + +1 }}{% endgeneration %}{{ 1 if false }}"
              "{% set ns = namespace(a=1) %}{{ ns == ns }}{% for i in [1] %}{{ loop == loop }}{% endfor %}{{ namespace == range }}{{ (1, 2) == (1, 2) }}",
    "errors": "{% for a, b in [[1, 2], [3, 4]] %}{{ loop.revindex }}{{ a - b }}{% continue %}{% endfor %}{{ 1 // 0 }}",
}


def make_text():
    for name, template in TEMPLATES.items():
        put("template", name, bundle({"template": template, "name": "<s>"}))
    # Each an error of its own.
    for i, wrong in enumerate(["1 | length", "none[0]", "1[1:]", "{}.keys() | tojson", "range | string", "{'a': 1}.get([])", "1 in 2", "[] in {}", "1 * none", "'a' * 99999999",
                               "{}.keys() == 1", "(1 | items)", "[1] | map | list", "[1] | map('nothing') | list", "[1] | select('nothing') | list", "[1] | select('==') | list",
                               "u.v | map(attribute='x') | list", "[u] | map(attribute='x') | list", "[loop] | map(attribute='0') | list", "[{}] | map(attribute='keys') | list",
                               "[1] | map(attribute=1) | list", "'a'.replace('b')", "[1] | select('odd') + 1", "x.y", "(1, 2).x | tojson", "-9223372036854775807 - 2"]):
        put("template", f"error-{i}", bundle({"template": "{{ " + wrong + " }}", "name": ""}))
    put("template", "error-unpack", bundle({"template": "{% for a, b in [[1, 2, 3]] %}{% endfor %}", "name": ""}))
    put("template", "error-namespace", bundle({"template": "{% set x = 1 %}{% set x.y = 2 %}", "name": ""}))
    put("template", "error-call", bundle({"template": "{{ (1)(2) }}", "name": ""}))
    for kind in range(8, 14):
        put("tokenizer", f"added-{kind}", bytes([kind]) + " ab  <x> b <x>a c_ c  \u00e9\U0001f525 a<x>\n".encode())
    put("tokenizer", "broken-characters", bytes([0]) + "\u00e9\u4f60".encode() + b"\n")
    for i, text in enumerate(["Hello  world\n\n 123 it's a test", " \u2581 a  b ab abab\t", "<s> a</s>b<|end|> x", "\u4f60\u597d, \U0001f525 na\u00efve \u0130\u017f",
                              "def f(x):\r\n    return x*1000000\r\n", "\u0000\u0001\u007f \ufffd\u200b"]):
        for kind in (i, (i + 3) % 8):
            put("tokenizer", f"text-{i}-{kind}", bytes([kind]) + text.encode())
    requests = [{"arrival_us": 0, "prompt_tokens": 30, "answer_tokens": 5}, {"arrival_us": 1200.5, "prompt": "Once upon \u00e4 time\n", "answer_tokens": 50},
                {"arrival_us": 1e6, "prompt_tokens": 1, "answer_tokens": 1, "leaves_us": 2e6}]
    put("workload", "three", "\n".join(compact(r) for r in requests) + "\n")
    put("workload", "escapes", '{"arrival_us":1,"pr\\u006fmpt":"\\ud83d\\ude00\\n","answer_tokens":2}\r\n\n')
    for i, text in enumerate(['{"a":[1,-2,3.5e2,true,null,"x\\u00e9\\n"],"b":{}}', "[-0,0.1,1e-7,18446744073709551615,-9223372036854775808]", '"\\ud83d\\ude00"',
                              '{"k":1,"k":2}', "[[[[]]]]"]):
        put("json", f"{i}.json", text)


def stripped(value):
    """Without what is for people."""
    if isinstance(value, dict):
        return {k: stripped(v) for k, v in value.items() if k not in ("reasons", "description", "sources")}
    return value


def make_configs():
    def config(kind, name, **others):
        text = compact(stripped(json.loads((ROOT / "configs" / kind / f"{name}.json").read_text())))
        put("config", f"{kind}-{name}", bundle({kind: text, **others}))

    chip = compact(stripped(json.loads((ROOT / "configs/chip/demo.json").read_text())))
    config("chip", "demo", set="kv.banks=64\n/tile/rows=32\nlink.beat_groups=2\nname=\"x\"")
    config("chip", "hc1")
    config("chip", "demo-bit-serial", base=chip)
    config("chip", "demo-rom-mac", base=chip, set="schedule=layer_pipelined")
    config("tech", "n7")
    config("economics", "default", set="lifetime_years=3")
    config("gpu", "h200")
    config("machine", "groq")
    for name in ("llama-3.1-8b", "stories260k"):
        config("model", name)
    for name in ("w3w6", "w4"):
        config("recipe", name, set="classes.down.bits=6")
    for path in sorted((ROOT / "configs/sweep").glob("*.json")):
        put("sweep", path.stem, compact(json.loads(path.read_text())))
    for method in ("random", "sobol", "latin_hypercube", "one_at_a_time", "list"):
        vary = {"chip:/kv/banks": {"from": 8, "to": 512, "scale": "log"}, "users": [1, 2]} if method != "list" else {
            "chip:/kv/banks": [8, 16], "prompt_tokens": [4, 5]}
        sample = {"method": method} if method in ("list", "one_at_a_time") else {"method": method, "points": 7, "seed": 3}
        put("sweep", method, compact({"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m"}, "vary": vary, "sample": sample,
                                      "engine": "closed_form", "constraints": ["area_mm2.typical < 1e3"], "objectives": []}))
    base = {"chip": "demo", "model": "kiln-stories-1m"}
    grid = {"version": 1, "base": base, "vary": {"chip:/kv/banks": [8, 16]}, "sample": {"method": "grid"}, "engine": "closed_form"}
    others = {  # most of them refused, each for another reason
        "auto-links": {"links": "auto", "vary": {"chip:/link/stages": [1, 2]}}, "adaptive-aimless": {"sample": {"method": "adaptive", "points": 5}},
        "no-chip": {"base": {"model": "kiln-stories-1m"}}, "no-model": {"base": {"chip": "demo"}}, "users": {"base": {**base, "users": 2}},
        "rom": {"base": {"chip": "demo", "rom": "x.rom"}, "vary": {"recipe": ["w4", "w2"]}}, "money": {"vary": {"economics:/lifetime_years": [1, 2]}},
        "set-taken": {"base": {**base, "set": ["kv.banks=8"]}}, "set-other": {"base": {**base, "set": ["chip:link.stages=2", "economics:x=1"]}, "links": "auto"},
        "step": {"vary": {"chip:/kv/banks": {"from": 8, "to": 64, "step": 8}, "users": {"from": 1, "to": 3, "count": 3}}, "engine": "simulate"},
        "factor": {"vary": {"chip:/kv/banks": {"from": 8, "to": 64, "factor": 2}, "tech:/sram/leakage_scale": {"from": 0.5, "to": 2, "count": 4, "scale": "log"}}},
        "many": {"vary": {"chip:/kv/banks": {"from": 1, "to": 4000000, "step": 1}}}, "counts": {"vary": {"chip:/kv/banks": {"from": 1, "to": 5, "count": 9000000}}},
        "names": {"vary": {"recipe": {"from": 1, "to": 2, "step": 1}}}, "numbers": {"vary": {"users": ["a"], "chip": [1]}}, "twice": {"vary": {"users": [1, 1]}},
        "empty": {"vary": {}}, "no-figure": {"constraints": ["1 < 2"]}, "change": {"sample": {"method": "one_at_a_time", "change": 5}, "vary": {"recipe": ["w4", "w2"]}},
        "accuracy": {"base": {"chip": "demo", "checkpoint": "models/x", "accuracy": {"text": "a.txt", "tokens": "b", "context": 16, "chunks": 2}}},
        "accuracy-rom": {"base": {"chip": "demo", "rom": "x.rom", "accuracy": {"text": "a.txt"}}},
        "accuracy-twice": {"base": {"chip": "demo", "checkpoint": "m", "accuracy": {"checkpoint": "n", "text": "a.txt"}}},
        "formulas": {"vary": {"chip:/kv/banks": [8, 16], "chip:/vector/lanes": "2 * kv.banks + max(1, 3)"}, "constraints": ["a +", "sin(1) < (2"]}}
    for name, other in others.items():
        put("sweep", name, compact({**grid, **other}))
    put("workload", "leaves-early", compact({"arrival_us": 5, "prompt_tokens": 1, "answer_tokens": 1, "leaves_us": 1}))
    metrics = [{"command": ["run", "--chip", "demo", "--model", "kiln-stories-1m", "-n", "4"], "config_hash": "0" * 32, "direction": "higher",
                "name": "run demo: tokens_per_s_user", "path": "tokens_per_s_user", "tolerance": {"relative": 0.5}, "unit": "tokens/s", "value": 1.5},
               {"command": ["sweep", "a.json"], "config_hash": "0" * 32, "direction": "equal", "name": "sweep a: hash", "path": "points.0.key",
                "tolerance": {"relative": 0.0}, "unit": "", "value": "abc"}]
    put("baseline", "two", '{"version": 1, "metrics": [\n' + ",\n".join(compact(m) for m in metrics) + "\n]}\n")
    metrics[1]["command"] = ["run", "-n4", "--chip=demo", "--timing-only", "--engine", "closed", "--model", "kiln-stories-1m"]
    put("baseline", "spelled", compact({"version": 1, "metrics": metrics[:2]}))
    put("baseline", "twice", compact({"version": 1, "metrics": [metrics[0]] * 2}))
    for name, wrong in {"command": {"command": []}, "runs": {"command": ["run", "--json", "x"]}, "value": {"value": [1]}, "key": {"other": 1},
                        "tolerance": {"tolerance": {"relative": -1}}, "direction": {"direction": "up"}, "words": {"command": [1]}}.items():
        put("baseline", f"wrong-{name}", compact({"version": 1, "metrics": [{**metrics[0], **wrong}]}))
    put("baseline", "wrong-version", compact({"version": 2, "metrics": [], "x": 1}))
    put("baseline", "none", '{"version": 1, "metrics": []}')


def make_sweep_files():
    outcomes = [{"number": 0, "state": "done", "key": "0a", "figures": {"tokens_per_s": 1.5, "kv": {"banks": 2}}, "verified": True},
                {"number": 1, "state": "failed", "reason": "no \u00e4 chip"}, {"number": 2, "state": "infeasible", "figures": {}}]
    put("sweep_files", "outcomes", bundle({"outcomes": "\n".join(compact(o) for o in outcomes) + '\n{"number": 3, "sta'}))
    put("sweep_files", "task", bundle({"task": compact({"numbers": [0, 5, 7], "verify": True, "fail_fast": False})}))
    put("sweep_files", "accuracy", bundle({"accuracy": compact({"perplexity": 4.5, "kl": {"mean": 0.1}}) + "\n"}))
    put("sweep_files", "points", bundle({"points": compact([[1, "a", 2.5], [4, "b", 0]])}))


def make_database(kiln):
    """As `kiln sweep` writes it, with 512 bytes a page, since few of its bytes say anything."""
    with tempfile.TemporaryDirectory() as folder:
        spec = {"version": 1, "base": {"chip": "demo", "model": "kiln-stories-1m", "recipe": "w4", "prompt_tokens": 4, "new_tokens": 4},
                "vary": {"chip:/kv/banks": [16, 32]}, "sample": {"method": "grid"}, "engine": "closed_form"}
        (pathlib.Path(folder) / "spec.json").write_text(compact(spec))
        subprocess.run([kiln, "sweep", "spec.json", "-o", "out.db"], cwd=folder, check=True, capture_output=True)
        file = pathlib.Path(folder) / "out.db"
        with sqlite3.connect(file) as database:
            for column in ("figures", "vary"):
                for table in [row[0] for row in database.execute("select name from sqlite_master where type = 'table'")]:
                    if column in [info[1] for info in database.execute(f"pragma table_info({table})")]:
                        database.execute(f"update {table} set {column} = '{{\"tokens_per_s\": 1.5}}'")
        database = sqlite3.connect(file, isolation_level=None)
        database.execute("pragma journal_mode = delete")
        database.execute("pragma page_size = 512")
        database.execute("vacuum")
        database.close()
        put("sweep_files", "database", bundle({"database": file.read_bytes()}))


def make_roms(kiln):
    with tempfile.TemporaryDirectory() as folder:
        for name, recipe in (("unknown-only", "w2"), ("no-tokenizer", "w4"), ("smollm", "w3w6")):
            image = pathlib.Path(folder) / f"{name}.rom"
            subprocess.run([kiln, "bake", CORPUS / "gguf" / f"{name}.gguf", "-o", image, "--recipe", recipe], check=True, capture_output=True)
            content = image.read_bytes()
            if name != "smollm":
                put("rom", name, content)
            put("rom_sections", name, bundle(sections(content)))
        # A tokenizer with settings of its tokens and templates by name.
        checkpoint, image = pathlib.Path(folder) / "tiny", pathlib.Path(folder) / "settings.rom"
        checkpoint.mkdir()
        tokenizer = llama2(None)
        tokenizer["added_tokens"] += [{"id": 9 + i, "content": text, "lstrip": i == 0, "rstrip": i == 1, "single_word": i == 2, "normalized": i == 2, "special": True}
                                      for i, text in enumerate(["<l>", "<r>", "w"])]
        placed = [(hf, "F32", [columns] if rows == 0 else [rows, columns], floats(max(rows, 1) * columns)) for hf, _, rows, columns in tensors(1, 8, 8, 4, 12, True)]
        settings = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<unk>", "sep_token": "</s>", "chat_template": TEMPLATES["plain"]}
        for name, text in {"config.json": compact({**CONFIG, "vocab_size": 12}), "tokenizer.json": compact(tokenizer), "tokenizer_config.json": compact(settings)}.items():
            (checkpoint / name).write_text(text)
        (checkpoint / "model.safetensors").write_bytes(safetensors(placed))
        subprocess.run([kiln, "bake", checkpoint, "-o", image, "--recipe", "w2"], check=True, capture_output=True)
        put("rom_sections", "settings", bundle(sections(image.read_bytes())))


def sections(image):
    """Model, recipe, tokenizer and provenance of a ROM image, by its directory (docs/formats/rom-image.md)."""
    found = {}
    for i in range(struct.unpack_from("<I", image, 24)[0]):
        kind, *_, offset, size = struct.unpack_from("<HHIIIIIQQ", image, 128 + 64 * i)
        name = {1: "model", 2: "recipe", 3: "tokenizer"}.get(kind) or image[128 + 64 * i + 48:128 + 64 * i + 64].rstrip(b"\0").decode()
        if name in ("model", "recipe", "tokenizer", "provenance"):
            found[name] = image[offset:offset + size]
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kiln", type=pathlib.Path, default=ROOT / "build/dev/kiln")
    kiln = arguments.parse_args().kiln.resolve()
    for old in CORPUS.glob("*/*"):
        if not old.name.startswith("found-"):
            old.unlink()
    make_gguf()
    make_safetensors()
    make_hugging_face()
    make_adapter()
    make_text()
    make_configs()
    make_sweep_files()
    make_database(kiln)
    make_roms(kiln)


if __name__ == "__main__":
    main()
