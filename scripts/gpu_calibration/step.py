"""The time of a step and what follows from it.

The same formula as src/baseline/baseline.cpp, written a second time: the fit evaluates it a million times with parameters
that no config has, and a test holds `kiln baseline` to the predictions that come out of it here.
"""
import math

from gpu_calibration.measurements import BITS, SERVING

BEST_OVERHEAD_MS, BEST_EFFICIENCY, BEST_COMPUTE = .5, .9, .8  # of the best case, a choice: src/baseline/baseline.cpp has the same


def multiplies_at_8_bits(sheet, precision):
    """INT8 and INT4 weights are widened first; only FP8 in hardware computes at the 8-bit rate."""
    return precision == "fp8" and sheet[2] > 0


def parts_ms(gpu, engine, precision, active, weight_gb, kv_gb, tokens):
    """Of a step: reading the weights, multiplying by them, reading keys and values."""
    bandwidth, tflops, fp8_tflops = gpu["sheet"]
    e = gpu["engines"][engine]
    efficiency = min(1.0, e["bandwidth_efficiency"] * gpu["precisions"][precision])
    peak = fp8_tflops if multiplies_at_8_bits(gpu["sheet"], precision) else tflops
    return (weight_gb / (efficiency * bandwidth) * 1e3, 2 * active * tokens / (gpu["compute"][precision] * peak * 1e9),
            kv_gb / (e["kv_efficiency"] * bandwidth) * 1e3)


def step_ms(gpu, engine, precision, layers, active, weight_gb, kv_gb, tokens, sequences):
    """One step, as src/baseline/baseline.cpp has it: `tokens` pass the weights, `sequences` are drawn from."""
    weights, compute, kv = parts_ms(gpu, engine, precision, active, weight_gb, kv_gb, tokens)
    return (gpu["engines"][engine]["step_overhead_ms"] * (layers / 32) + math.sqrt(weights * weights + compute * compute) + kv +
            gpu["sequence_overhead_ms"] * sequences)


def row_ms(gpu, engine, r, weight_gb):
    """Per answer token; end to end, the prompts are one separate step that makes the first token."""
    shape = (r.precision, r.layers, r.active, weight_gb)
    tokens = r.batch * (1 + r.prompt / r.answer) if r.interleaved else r.batch
    step = step_ms(gpu, engine, *shape, r.kv_gb * r.batch, tokens, r.batch)
    if r.metric != "e2e":
        return step
    return (step_ms(gpu, engine, *shape, 0, r.batch * r.prompt, r.batch) + (r.answer - 1) * step) / r.answer


def shares(gpu, r):
    """Of a step: reading memory, and computing."""
    t = row_ms(gpu, r.engine, r, r.weight_gb)
    weights, compute, kv = parts_ms(gpu, r.engine, r.precision, r.active, r.weight_gb, r.kv_gb * r.batch, r.batch)
    return min(1.0, (weights + kv) / t), min(1.0, compute / t)


def best_case(gpu):
    """A GPU with a stack without software's faults."""
    engines = [gpu["engines"][e] for e in ("median",) + SERVING]
    best = lambda precision: min(1.0, max([BEST_EFFICIENCY] + [e["bandwidth_efficiency"] * gpu["precisions"][precision] for e in engines]))
    return {p: dict(gpu, sequence_overhead_ms=0.0, precisions={p: 1.0}, compute={p: max(BEST_COMPUTE, gpu["compute"][p])}, engines={"best case": {
        "step_overhead_ms": BEST_OVERHEAD_MS, "bandwidth_efficiency": best(p),
        "kv_efficiency": min(1.0, max([BEST_EFFICIENCY] + [e["kv_efficiency"] for e in engines]))}}) for p in BITS}
