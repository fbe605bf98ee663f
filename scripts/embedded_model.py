"""The Llama that scripts/train-embedded trains, and its weights as safetensors."""

import json
import math

import torch
import torch.nn.functional as F
from torch import nn


class Norm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.ones(width)), eps

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.kv, self.dim = c["num_key_value_heads"], c["head_dim"]
        self.group = c["num_attention_heads"] // self.kv
        width, q, kv = c["hidden_size"], c["num_attention_heads"] * self.dim, self.kv * self.dim
        self.q_proj, self.k_proj = linear(width, q), linear(width, kv)
        self.v_proj, self.o_proj = linear(width, kv), linear(q, width)

    def forward(self, x, cos, sin, mask):
        b, t, _ = x.shape

        def heads(y, n, turn):
            y = y.view(b, t, n, self.dim).transpose(1, 2)
            if turn:
                low, high = y.chunk(2, -1)
                y = y * cos + torch.cat((-high, low), -1) * sin
            return y.reshape(b * self.kv, -1, self.dim)     # a group's queries as more rows

        q = heads(self.q_proj(x), self.kv * self.group, True)
        k, v = heads(self.k_proj(x), self.kv, True), heads(self.v_proj(x), self.kv, False)
        scores = torch.baddbmm(mask.repeat(self.group, 1), q, k.transpose(1, 2),
                               alpha=self.dim ** -0.5)
        out = torch.bmm(scores.softmax(-1), v).view(b, -1, t, self.dim)
        return self.o_proj(out.transpose(1, 2).reshape(b, t, -1))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, inner = c["hidden_size"], c["intermediate_size"]
        self.gate_proj, self.up_proj = linear(width, inner), linear(width, inner)
        self.down_proj = linear(inner, width)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, c, dropout):
        super().__init__()
        width, eps = c["hidden_size"], c["rms_norm_eps"]
        self.input_layernorm, self.self_attn = Norm(width, eps), Attention(c)
        self.post_attention_layernorm, self.mlp = Norm(width, eps), Mlp(c)
        self.drop = nn.Dropout(dropout)

    def forward(self, x, *rope_and_mask):
        x = x + self.drop(self.self_attn(self.input_layernorm(x), *rope_and_mask))
        return x + self.drop(self.mlp(self.post_attention_layernorm(x)))


class Llama(nn.Module):
    """LlamaForCausalLM with tied embeddings; the parameters have the checkpoint's names."""

    def __init__(self, c, dropout):
        super().__init__()
        self.config, self.model = c, nn.Module()
        self.model.embed_tokens = nn.Embedding(c["vocab_size"], c["hidden_size"])
        self.model.layers = nn.ModuleList(
            Layer(c, dropout) for _ in range(c["num_hidden_layers"]))
        self.model.norm = Norm(c["hidden_size"], c["rms_norm_eps"])
        self.drop = nn.Dropout(dropout)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                inward = name.endswith(("o_proj.weight", "down_proj.weight"))
                depth = 2 * c["num_hidden_layers"] if inward else 1
                nn.init.normal_(p, std=c["initializer_range"] / math.sqrt(depth))
        t, d = c["max_position_embeddings"], c["head_dim"]
        angle = torch.outer(torch.arange(t), c["rope_theta"] ** (-torch.arange(0, d, 2) / d))
        self.cos, self.sin = angle.cos().repeat(1, 2), angle.sin().repeat(1, 2)
        self.mask = torch.full((t, t), -1e9).triu(1)

    def forward(self, ids):
        t = ids.shape[1]
        x = self.drop(self.model.embed_tokens(ids))
        for layer in self.model.layers:
            x = layer(x, self.cos[:t], self.sin[:t], self.mask[:t, :t])
        return F.linear(self.model.norm(x), self.model.embed_tokens.weight)


def safetensors(state):
    """The bytes of a safetensors file that holds the tensors as BF16."""
    header, blobs, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(state):
        blobs.append(state[name].bfloat16().contiguous().view(torch.int16).numpy().tobytes())
        header[name] = {"dtype": "BF16", "shape": list(state[name].shape),
                        "data_offsets": [at, at + len(blobs[-1])]}
        at += len(blobs[-1])
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *blobs])
