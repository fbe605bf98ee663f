"""The published measurements, row by row, and the data sheets of the GPUs that they were made on."""
import csv
import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVING = ("vllm", "trt-llm", "sglang", "gpt-fast", "lmdeploy", "mlc")
ENGINES = SERVING + ("exllama", "llama.cpp")
ENGINE_OF = (("vLLM", "vllm"), ("TensorRT-LLM", "trt-llm"), ("NVIDIA NIM", "trt-llm"), ("SGLang", "sglang"),
             ("gpt-fast", "gpt-fast"), ("torchao", "gpt-fast"), ("LMDeploy", "lmdeploy"), ("MLC", "mlc"),
             ("ExLlama", "exllama"), ("llama.cpp", "llama.cpp"))
CONFIG_OF = {"A100-80GB-SXM": "a100-80-sxm", "A100-40GB-SXM": "a100-40-sxm", "H100-SXM": "h100-sxm",
             "H100-PCIe": "h100-pcie", "H200": "h200", "GH200-96GB": "gh200", "B200": "b200", "MI300X": "mi300x",
             "RTX 3090": "rtx-3090", "RTX 4090": "rtx-4090", "RTX 5090": "rtx-5090"}
# Measured GPUs without a config, from their data sheets: peak GB/s, dense 16-bit and FP8 TFLOPS. A Gaudi2 is not a GPU
# and Apple's share their memory with the processor: neither is fitted. An MI250 is one of its two dies.
OTHERS = {"RTX 3090 Ti": (1008, 80, 0), "RTX A6000": (768, 155, 0), "RTX 6000 Ada": (960, 364, 728),
          "RTX 5000 Ada": (576, 261, 522), "RTX 4000 Ada": (360, 107, 214), "A40": (696, 150, 0),
          "RTX 3070": (448, 41, 0), "RTX 3080 Ti": (912, 68, 0), "RTX 4070 Ti": (504, 80, 160),
          "RTX 4080": (717, 97, 195), "V100S": (1134, 130, 0), "MI210": (1638, 181, 0), "MI250": (1638, 181, 0),
          "MI250X-1GCD": (1638, 191, 0)}
HBM = {"a100-80-sxm", "a100-40-sxm", "h100-sxm", "h100-pcie", "h200", "gh200", "b200", "mi300x", "V100S", "MI210",
       "MI250", "MI250X-1GCD"}
# hidden, intermediate, layers, KV width, vocabulary: what Kiln counts bytes and FLOPs from.
SHAPES = {"Llama-2-7B": (4096, 11008, 32, 4096, 32000), "LLaMA-7B": (4096, 11008, 32, 4096, 32000),
          "Llama-3-8B": (4096, 14336, 32, 1024, 128256), "Llama-3.1-8B": (4096, 14336, 32, 1024, 128256),
          "Qwen3-8B": (4096, 12288, 36, 1024, 151936)}
BITS = {"bf16": 16, "fp8": 8, "int8": 8, "int4": 133 / 32}


def counted(model, precision):
    """Active weights, and GB of them, as src/baseline/baseline.cpp counts them."""
    hidden, intermediate, layers, kv, vocabulary = SHAPES[model]
    inner = layers * (2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * intermediate)
    return inner + hidden * vocabulary, (inner * BITS[precision] / 8 + 2 * (hidden * vocabulary + (2 * layers + 1) * hidden)) / 1e9


class Row:
    def __init__(self, line, cells):
        notes = dict(part.split("=", 1) for part in cells["notes"].split(";") if re.match(r"[a-z_]+=[A-Za-z0-9.]+$", part))
        self.line, self.grade, self.metric = line, notes["grade"], notes["metric"]
        self.gpu = CONFIG_OF.get(cells["gpu"], cells["gpu"])
        self.engine = next((name for start, name in ENGINE_OF if cells["engine"].startswith(start)), None)
        self.model, self.bits = cells["model"], float(cells["bytes_per_weight"])
        self.precision = precision_of(cells["precision"].lower(), self.bits)
        self.batch, self.prompt, self.answer = (int(cells[k]) for k in ("batch", "context_or_isl", "osl"))
        self.rate = float(cells["tokens_per_s_user"])
        self.weight_gb, self.kv_gb = float(notes["weights_read_gb"]), float(notes["kv_read_gb_per_seq"])
        if cells["engine"] in ("TensorRT-LLM 0.5", "TensorRT-LLM 0.6") and self.precision == "fp8":
            self.kv_gb /= 2  # 16-bit keys and values could not be read in the time that these rows take
        self.context = float(notes["ctx_mean"])
        self.date = cells["date"]
        url = cells["source_url"]
        self.source = "AccelMark" if "AccelMark" in url else url
        watts = re.search(r"(?:avg|mean) (\d+) W", cells["notes"])
        self.watts = float(watts.group(1)) if watts else None
        self.layers = SHAPES[self.model][2]
        self.active, self.kiln_gb = counted(self.model, self.precision)
        # A step under a steady load also carries a share of the prompts that come in.
        self.interleaved = "includes interleaved prefill" in cells["notes"]
        self.serving = self.engine in SERVING


def precision_of(text, bytes_per_weight):
    """Kiln's name for it. FP8 on a GPU that emulates it, and FP6, are 8-bit weights multiplied at 16 bits."""
    if text in ("bf16", "fp16"):
        return "bf16"
    if bytes_per_weight < .7:
        return "int4"
    return "fp8" if text in ("fp8", "fp8dq") else "int8"


def config_files():
    return sorted((ROOT / "configs/gpu").glob("*.json"))


def sheets():
    """Data sheets by name: peak GB/s, 16-bit TFLOPS, FP8 TFLOPS or 0."""
    found = {name: values for name, values in OTHERS.items()}
    for path in config_files():
        gpu = json.loads(path.read_text())
        found[path.stem] = (gpu["bandwidth_gb_per_s"], gpu["bf16_tflops"],
                            gpu["fp8_or_int8_tflops"] if gpu["fp8_in_hardware"] else 0)
    return found


SHEETS = sheets()


def read_rows(path):
    with open(path, newline="") as file:
        rows = [Row(line, cells) for line, cells in enumerate(csv.DictReader(file), 2)]
    return rows, [r for r in rows if r.grade in "AB" and r.engine and (r.gpu in HBM or r.gpu in SHEETS)]
