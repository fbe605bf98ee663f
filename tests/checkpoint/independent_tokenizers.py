"""independent_tokenizers.py CACHE MODEL FOLDER SEED BYTES: in FOLDER the tokenizer of MODEL (llama2, llama3_1 or smollm2) as Hugging
Face files (hf/) and as model.gguf, each with a model of one layer whose weights are 0, and texts.json: mixed texts of BYTES bytes,
their ids by the package `tokenizers`, what it decodes these to, and what they must come back as. CACHE is where the fetch
scripts of MODEL and of the packages put things; the GGUF is written by the package gguf, with the values that llama.cpp's
converter writes.

llama2: the pipeline is that of the fetched tokenizer.json, vocabulary and merges are those in the fetched encoder, which are
Llama 2's. A GGUF has scores instead of merges: ascending ids are descending scores, and runs of spaces, whose merges all come
last, have the lowest, as in its tokenizer.model. llama3_1: the fetched tokenizer.json. smollm2: vocabulary and merges of the
real GGUF, and around them the pipeline that its makers' tokenizer.json has."""
import base64
import json
import pathlib
import re
import struct
import sys

import gguf
import numpy

from mixed_text import Mixed

WIDTH = 8
SPACE = "\u2581"


def llama2(cache):
    file = json.loads((cache / "tokenizers/llama2/models/tokenizer.json").read_text())
    config = (cache / "tokenizers/llama2/models/tokenizer_config.json").read_text()
    encoder = (cache / "tokenizers/llama2_encoder/llama-tokenizer.js").read_text()
    data = {name: base64.b64decode(text) for name, text in re.findall(r'llama_(vocab_base64|merges_binary) = "([^"]*)"', encoder)}
    tokens = data["vocab_base64"].decode().split("\n")
    file["model"]["vocab"] = {token: id_ for id_, token in enumerate(tokens)}
    file["model"]["merges"] = [[tokens[a], tokens[b]] for a, b in struct.iter_unpack("<HH", data["merges_binary"])]
    return file, config


def llama3_1(cache):
    folder = cache / "tokenizers/llama3_1/models"
    return json.loads((folder / "tokenizer.json").read_text()), (folder / "tokenizer_config.json").read_text()


def smollm2(cache):
    fields = gguf.GGUFReader(cache / "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf").fields
    tokens, types, merges = (fields["tokenizer.ggml." + name].contents() for name in ("tokens", "token_type", "merges"))
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    file = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": tokens[i], **plain} for i, type_ in enumerate(types) if type_ == gguf.TokenType.CONTROL],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, byte_level]},
        "post_processor": None, "decoder": {**byte_level, "add_prefix_space": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                  "vocab": {token: i for i, token in enumerate(tokens)}, "merges": [merge.split(" ") for merge in merges]}}
    config = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "unk_token": "<|endoftext|>", "tokenizer_class": "GPT2Tokenizer"}
    return file, json.dumps(config)


def tensors(vocabulary):
    """GGUF's name, Hugging Face's name and shape of each."""
    square = (WIDTH, WIDTH)
    layer = {"attn_q": ("self_attn.q_proj", square), "attn_k": ("self_attn.k_proj", square), "attn_v": ("self_attn.v_proj", square),
             "attn_output": ("self_attn.o_proj", square), "ffn_gate": ("mlp.gate_proj", square), "ffn_up": ("mlp.up_proj", square),
             "ffn_down": ("mlp.down_proj", square), "attn_norm": ("input_layernorm", (WIDTH,)),
             "ffn_norm": ("post_attention_layernorm", (WIDTH,))}
    yield "token_embd.weight", "model.embed_tokens.weight", (vocabulary, WIDTH)
    yield "output_norm.weight", "model.norm.weight", (WIDTH,)
    for name, (other, shape) in layer.items():
        yield f"blk.0.{name}.weight", f"model.layers.0.{other}.weight", shape


def write_hugging_face(to, file, tokenizer_config, vocabulary):
    to.mkdir()
    (to / "tokenizer.json").write_text(json.dumps(file))
    (to / "tokenizer_config.json").write_text(tokenizer_config)
    (to / "config.json").write_text(json.dumps({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH, "intermediate_size": WIDTH,
        "num_hidden_layers": 1, "num_attention_heads": 1, "num_key_value_heads": 1, "vocab_size": vocabulary,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": True}))
    header, size = {}, 0
    for _, name, shape in tensors(vocabulary):
        bytes_ = 4 * int(numpy.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [size, size + bytes_]}
        size += bytes_
    text = json.dumps(header).encode()
    (to / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))


def add_llama2(writer, tokens):
    """As of a SentencePiece model: nothing is said of the space that is put before a text."""
    types = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL] + 256 * [gguf.TokenType.BYTE]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types(types + (len(tokens) - len(types)) * [gguf.TokenType.NORMAL])
    writer.add_token_scores([0.0 if i < 259 else -1e9 if set(token) == {SPACE} else -float(i - 259) for i, token in enumerate(tokens)])
    for key, id_ in (("bos", 1), ("eos", 2), ("unk", 0)):
        getattr(writer, f"add_{key}_token_id")(id_)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


def add_byte_level(writer, tokens, added, folder, pre):
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if token in added else gguf.TokenType.NORMAL for token in tokens])
    gguf.SpecialVocab(folder, load_merges=True, n_vocab=len(tokens)).add_to_gguf(writer, quiet=True)


def write_gguf(path, model, tokens, added, folder):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(WIDTH)
    writer.add_head_count(1)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    if model == "llama2":
        add_llama2(writer, tokens)
    else:
        add_byte_level(writer, tokens, added, folder, {"llama3_1": "llama-bpe", "smollm2": "smollm"}[model])
    for name, _, shape in tensors(len(tokens)):
        writer.add_tensor(name, numpy.zeros(shape, numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def symbols():
    """How byte-level vocabularies write each byte: itself where that is printable, else the next character from 256 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}


def comes_back(text, file):
    """What the ids of a text, its special tokens written out, must decode to. Byte-level: the text, but for bytes that no token has
    (of those in UTF-8 SmolLM2 lacks six controls and F1 and F2, which begin characters of planes 4 to 11). Llama 2: each part
    between special tokens with the space that is put before it, and U+2581 as the space that it stands for."""
    added = [re.escape(token["content"]) for token in sorted(file["added_tokens"], key=lambda token: -len(token["content"]))]
    parts = re.split("(" + "|".join(added) + ")", text)
    if not file["model"]["byte_fallback"]:
        missing = [bytes([byte]) for byte, symbol in symbols().items() if symbol not in file["model"]["vocab"]]
        for i in range(0, len(parts), 2):
            part = parts[i].encode()
            for byte in missing:
                part = part.replace(byte, b"")
            parts[i] = part.decode(errors="replace")
        return "".join(parts)
    return "".join(part if i % 2 == 1 or not part else " " + part.replace(SPACE, " ") for i, part in enumerate(parts))


def main():
    cache, model, folder, seed, size = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4], int(sys.argv[5])
    sys.path.insert(0, str(cache / "tokenizers/python"))
    import tokenizers
    file, config = {"llama2": llama2, "llama3_1": llama3_1, "smollm2": smollm2}[model](cache)
    by_id = {id_: token for token, id_ in file["model"]["vocab"].items()} | {token["id"]: token["content"] for token in file["added_tokens"]}
    tokens = [by_id[id_] for id_ in range(len(by_id))]
    added = {token["content"] for token in file["added_tokens"]}
    write_hugging_face(folder / "hf", file, config, len(tokens))
    write_gguf(folder / "model.gguf", model, tokens, added, folder / "hf")

    other = tokenizers.Tokenizer.from_file(str(folder / "hf/tokenizer.json"))
    others = [text for text in other.decode_batch([[id_] for id_ in range(len(tokens))]) if text and "\ufffd" not in text]
    texts = Mixed(seed, sorted(added), others).texts(size)
    ids = [other.encode(text).ids for text in texts]
    (folder / "texts.json").write_text(json.dumps([{
        "text": text, "ids": of, "shown": other.decode(of, skip_special_tokens=False), "hidden": other.decode(of, skip_special_tokens=True),
        "back": comes_back(text, file)} for text, of in zip(texts, ids)]))


main()
