"""Small checkpoint files, so that each case can spoil one thing: the tiny model of tests/checkpoint/files.hpp, of width 8,
two heads of 4, one KV head, FFN 12, two layers, with a vocabulary that has a token for each byte, `ab` and an end."""
import json
import struct

HF = {"q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "o": "self_attn.o_proj", "gate": "mlp.gate_proj",
      "up": "mlp.up_proj", "down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}
GGUF = {"q": "attn_q", "k": "attn_k", "v": "attn_v", "o": "attn_output", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
        "attn_norm": "attn_norm", "ffn_norm": "ffn_norm"}
VOCABULARY = 258
SHAPES = {"q": (8, 8), "k": (4, 8), "v": (4, 8), "o": (8, 8), "gate": (12, 8), "up": (12, 8), "down": (8, 12), "attn_norm": (8,),
          "ffn_norm": (8,)}


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def floats(values):
    return struct.pack(f"<{len(values)}f", *values)


def weights(count, start):
    return floats([(start + i % 64) / 64 for i in range(count)])


def tensors(names, outer):
    """(name, shape, data) of every tensor."""
    every = [(outer["embedding"], (VOCABULARY, 8)), (outer["head"], (VOCABULARY, 8)), (outer["norm"], (8,))]
    for layer in range(2):
        every += [(outer["layer"].format(layer, names[key]), shape) for key, shape in SHAPES.items()]
    result = []
    for index, (name, shape) in enumerate(every):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        result.append([name, list(shape), weights(count, index / 2)])
    return result


def hf_tensors():
    outer = {"embedding": "model.embed_tokens.weight", "head": "lm_head.weight", "norm": "model.norm.weight",
             "layer": "model.layers.{}.{}.weight"}
    return [{"name": n, "dtype": "F32", "shape": s, "data": d} for n, s, d in tensors(HF, outer)]


def hf_config(**changes):
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 8, "intermediate_size": 12,
              "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": VOCABULARY,
              "max_position_embeddings": 64, "tie_word_embeddings": False}
    for key, value in changes.items():
        if value is None:
            config.pop(key, None)
        else:
            config[key] = value
    return config


def safetensors_of(header, data=b""):
    header = header.encode() if isinstance(header, str) else header
    return u64(len(header)) + header + data


def safetensors(every):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for tensor in every:
        header[tensor["name"]] = {"dtype": tensor["dtype"], "shape": tensor["shape"],
                                  "data_offsets": [len(data), len(data) + len(tensor["data"])]}
        data += tensor["data"]
    return safetensors_of(json.dumps(header, separators=(",", ":")), data)


def hf(config=None, every=None):
    """The files of a checkpoint's folder `model`."""
    return {"model/config.json": json.dumps(config or hf_config()),
            "model/model.safetensors": safetensors(hf_tensors() if every is None else every)}


def gguf_text(text):
    text = text.encode() if isinstance(text, str) else text
    return u64(len(text)) + text


class Gguf:
    def __init__(self):
        self.version, self.alignment, self.values = 3, 32, []
        self.text("general.architecture", "llama")
        for key, value in {"block_count": 2, "context_length": 64, "embedding_length": 8, "feed_forward_length": 12,
                           "attention.head_count": 2, "attention.head_count_kv": 1}.items():
            self.u32(f"llama.{key}", value)
        self.f32("llama.attention.layer_norm_rms_epsilon", 1e-5)
        outer = {"embedding": "token_embd.weight", "head": "output.weight", "norm": "output_norm.weight", "layer": "blk.{}.{}.weight"}
        self.tensors = [{"name": n, "dimensions": s[::-1], "type": 0, "data": d, "offset": None} for n, s, d in tensors(GGUF, outer)]

    def set(self, key, value):
        for pair in self.values:
            if pair[0] == key:
                pair[1] = value
                return self
        self.values.append([key, value])
        return self

    def erase(self, key):
        self.values = [pair for pair in self.values if pair[0] != key]
        return self

    def u32(self, key, value):
        return self.set(key, u32(4) + u32(value))

    def f32(self, key, value):
        return self.set(key, u32(6) + floats([value]))

    def text(self, key, value):
        return self.set(key, u32(8) + gguf_text(value))

    def texts(self, key, values):
        return self.set(key, u32(9) + u32(8) + u64(len(values)) + b"".join(map(gguf_text, values)))

    def floats(self, key, values):
        return self.set(key, u32(9) + u32(6) + u64(len(values)) + floats(values))

    def integers(self, key, values):
        return self.set(key, u32(9) + u32(5) + u64(len(values)) + struct.pack(f"<{len(values)}i", *values))

    def tensor(self, which, **changes):
        next(t for t in self.tensors if t["name"] == which).update(changes)
        return self

    def bytes(self):
        def padded(data):
            return data + b"\0" * (-len(data) % self.alignment)
        head = b"GGUF" + u32(self.version) + u64(len(self.tensors)) + u64(len(self.values))
        head += b"".join(gguf_text(key) + value for key, value in self.values)
        data = b""
        for t in self.tensors:
            head += gguf_text(t["name"]) + u32(len(t["dimensions"])) + b"".join(map(u64, t["dimensions"]))
            head += u32(t["type"]) + u64(len(data) if t["offset"] is None else t["offset"])
            data = padded(data + t["data"])
        return padded(head) + data
