#!/usr/bin/env python3
"""The Python package gguf for tests/checkpoint/long: decodes every FOLDER/TYPE.blocks into FOLDER/TYPE.floats, and lists the metadata
keys that it knows in FOLDER/keys."""
import pathlib
import sys

import gguf
import numpy

FOLDER = pathlib.Path(sys.argv[1])


def keys(of: type):
    for name, value in vars(of).items():
        if isinstance(value, type):
            yield from keys(value)
        elif not name.startswith("_"):
            yield value.replace("{arch}", "llama")


for source in sorted(FOLDER.glob("*.blocks")):
    kind = gguf.GGMLQuantizationType[source.stem]
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = numpy.fromfile(source, dtype=numpy.uint8).reshape(-1, size)
    floats = gguf.quants.dequantize(blocks, kind).astype("<f4", copy=False)
    if floats.size != blocks.shape[0] * weights:
        sys.exit(f"{kind.name}: {floats.size} weights of {blocks.shape[0]} blocks of {weights}")
    floats.tofile(source.with_suffix(".floats"))

groups = [gguf.Keys.General, gguf.Keys.LLM, gguf.Keys.Attention, gguf.Keys.Rope, gguf.Keys.Split, gguf.Keys.Tokenizer]
(FOLDER / "keys").write_text("".join(key + "\n" for group in groups for key in keys(group)))
