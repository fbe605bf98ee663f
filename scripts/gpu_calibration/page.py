"""The figures of docs/validation/gpu.md; its prose is docs/templates/gpu.md.in."""
from gpu_calibration.fit import CROWD, LOADED, ROBUST, median
from gpu_calibration.measurements import CONFIG_OF, ENGINES, SERVING, SHAPES, config_files, counted
from gpu_calibration.step import BEST_COMPUTE, BEST_EFFICIENCY, BEST_OVERHEAD_MS, best_case, row_ms, step_ms
from page_template import rows as table

QUERIES = (("h100-sxm", "vllm", "bf16", 1, 192), ("h100-sxm", "vllm", "bf16", 64, 192), ("h100-sxm", "vllm", "bf16", 256, 192),
           ("h100-sxm", "trt-llm", "fp8", 1, 1536), ("h100-sxm", "sglang", "fp8", 128, 512), ("h100-pcie", "vllm", "int8", 4, 2048),
           ("h200", "trt-llm", "int4", 1, 2112), ("h200", "median", "bf16", 1, 1536), ("gh200", "trt-llm", "bf16", 32, 1536),
           ("b200", "vllm", "bf16", 1, 1024), ("b200", "median", "fp8", 64, 4096), ("mi300x", "vllm", "fp8", 8, 1024),
           ("a100-80-sxm", "gpt-fast", "int8", 1, 105), ("a100-80-sxm", "lmdeploy", "bf16", 16, 1152),
           ("a100-40-sxm", "vllm", "bf16", 1, 28778), ("l4", "vllm", "int4", 1, 512), ("l40s", "median", "fp8", 2, 512),
           ("rtx-3090", "llama.cpp", "int4", 1, 512), ("rtx-4090", "exllama", "int4", 1, 64), ("rtx-4090", "mlc", "int4", 1, 257),
           ("rtx-5090", "llama.cpp", "bf16", 1, 8192), ("h100-sxm", "best case", "bf16", 1, 1024),
           ("b200", "best case", "fp8", 64, 4096), ("rtx-5090", "best case", "int4", 16, 512))


def cells(error):
    return (f"{error[0]:.1f} %", f"{error[1]:.1f} %", error[2]) if error else ("–", "–", 0)


def prediction(c, gpu, engine, precision, batch, context):
    _, _, layers, kv, _ = SHAPES["Llama-3.1-8B"]
    active, weight_gb = counted("Llama-3.1-8B", precision)
    spec = best_case(c.model.gpus[gpu])[precision] if engine == "best case" else c.model.gpus[gpu]
    return step_ms(spec, engine, precision, layers, active, weight_gb, 4 * layers * kv * context * batch / 1e9, batch, batch)


def curve(c):
    """Fall of the per-user speed with the batch on an H100, as measured and as here."""
    of = {r.batch: r for r in c.rows if r.gpu == "h100-sxm" and r.precision == "bf16" and "perf_points" in r.source
          and (r.prompt, r.answer) == (128, 128)}
    ours = {b: 1 / row_ms(c.model.gpus["h100-sxm"], "vllm", r, r.weight_gb) for b, r in of.items()}
    return [(b, f"{r.rate:.1f}", f"{100 * (1 - r.rate / of[1].rate):.0f} %", f"{100 * (1 - ours[b] / ours[1]):.0f} %")
            for b, r in sorted(of.items())]


def above_best_case(c, rows):
    """Cells of a table: how many measurements the best case beats, and by how much."""
    ratios = []
    for r in rows:
        ideal = best_case(c.model.gpus[r.gpu])[r.precision]
        ratios.append(1e3 / row_ms(ideal, "best case", r, r.weight_gb) / r.rate)
    above = [1 / v - 1 for v in ratios if v < 1]
    return len(rows), len(above), f"{100 * max(above):.1f} %" if above else "–", f"{median(ratios):.2f} x", f"{max(ratios):.2f} x"


def predictions(c):
    return table((*q, f"{prediction(c, *q):.6g}") for q in QUERIES)


def band(c):
    """Llama-3.1-8B at one sequence and 1,024 tokens: the band that `kiln baseline` shows."""
    lines = []
    for gpu in sorted(set(CONFIG_OF.values()) | {"l4", "l40s"}):
        for precision in ("bf16", "int4"):
            rates = {e: 1e3 / prediction(c, gpu, e, precision, 1, 1024) for e in ("median",) + SERVING}
            fastest = max(SERVING, key=rates.get)
            ideal = 1e3 / prediction(c, gpu, "best case", precision, 1, 1024)
            lines.append((gpu, precision, f"{rates['median']:.1f}", f"{rates[fastest]:.1f} ({fastest})", f"{ideal:.1f}"))
    return table(lines)


def unmeasured(c):
    """Configs without a measurement of one sequence."""
    seen = {r.gpu for r in c.single}
    names = [path.stem for path in config_files() if path.stem not in seen]
    return ", ".join(names[:-1]) + " and " + names[-1]


def error_cells(error):
    return " | ".join(map(str, cells(error)))


def by(c, key, rows):
    return table((name or "–", *cells(c.error([r for r in rows if key(r) == name]))) for name in sorted({key(r) for r in rows}))


def errors(c):
    """Of all rows of a kind, and of those that a fit has not seen."""
    of = {"serving": c.serving, "single": c.single, "batched": c.batched}
    made = {name: c.error(rows) for name, rows in of.items()}
    made |= {f"{name}_no_{key.lower()}": c.unseen(key, rows) for name, rows in of.items() for key in ("GPU", "engine", "source", "fifth")
             if (name, key) != ("batched", "fifth")}
    made |= {"serving_median": c.error(c.serving, engine="median"), "serving_own_bytes": c.error(c.serving, kiln_bytes=True),
             "decode_alone": c.error([r for r in c.batched if r.metric != "e2e" and not r.interleaved]),
             "with_prompts": c.error([r for r in c.batched if r.metric == "e2e" or r.interleaved]),
             "power": c.power_error, "energy": c.energy_error}
    made |= {f"batch_{a}_{b}": c.error([r for r in c.batched if a <= r.batch <= b]) for a, b in ((2, 16), (17, 64), (65, 512))}
    return {f"error_{name}": error_cells(error) for name, error in made.items()}


def choices():
    """What the fit and the best case take as given."""
    return {"robust_single": ROBUST[True], "robust_batched": ROBUST[False], "crowd": 1 - CROWD, "loaded": LOADED,
            "serving_engines": ", ".join(SERVING), "engines": len(ENGINES), "best_overhead_ms": BEST_OVERHEAD_MS,
            "best_efficiency": f"{100 * BEST_EFFICIENCY:.0f}", "best_compute": f"{100 * BEST_COMPUTE:.0f}"}


def figures(c):
    beside = [1 / (1 + c.model.error(r, engine="median")) - 1 for r in c.serving]
    mi300x = [r for r in c.batched if r.gpu == "mi300x"]
    above = {f"best_case_{name}": " | ".join(map(str, above_best_case(c, rows)))
             for name, rows in (("serving", c.serving), ("single", c.single), ("batched", c.batched))}
    return choices() | errors(c) | above | {
        "all": len(c.all), "fitted": len(c.rows), "by_engine": by(c, lambda r: r.engine, c.single),
        "by_gpu_serving": by(c, lambda r: r.gpu, c.serving), "by_gpu": by(c, lambda r: r.gpu, c.single),
        "by_precision": by(c, lambda r: r.precision, c.serving), "by_gpu_batched": by(c, lambda r: r.gpu, c.batched),
        "curve": table(curve(c)), "band": band(c), "predictions": predictions(c),
        **{name: f"{value:g}" for name, value in zip(("power_base", "power_memory", "power_compute"), c.power)},
        "least_beside": f"{100 * min(beside):.0f}", "most_beside": f"{100 * max(beside):+.0f}", "unmeasured": unmeasured(c),
        "mi300x_slower": f"{1 + max(c.model.error(r) for r in mi300x):.1f}", "mi300x_rows": len(mi300x)}
