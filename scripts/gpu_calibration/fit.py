"""The fit: parameters by the maximum of their posterior, and what they say of a GPU."""
import collections
import math

from gpu_calibration.measurements import BITS, ENGINES, HBM, SERVING, SHEETS
from gpu_calibration.step import multiplies_at_8_bits, row_ms

# The fit's choices. Each effect is shrunk towards zero by a normal prior of this spread (of the logarithm): chosen by
# leaving out one GPU, one source and a fifth of the rows at a time. What the model cannot say (engine versions, hosts) counts as 6 % of noise.
SPREAD = {"overhead": .03, "engine": .02, "memory": .02, "engine x memory": .04, "gpu": .03, "precision": .15,
          "precision x memory": .2, "kv": .1, "compute": .3, "compute of": .5}
NOISE = .06
ROBUST = {True: .1, False: .15}  # residuals above this count linearly, not squared: at one sequence; at several
LOADED = .25      # weight of a batched row of grade B or with prompts in its steps: waits of a scheduler and a client too
CROWD = .25       # n rows of one source, GPU, engine and precision weigh n ** (1 - CROWD)


class Fit:
    """Maximum of the posterior by damped Gauss-Newton on log t."""

    def __init__(self, rows):
        self.index, self.start, self.prior = {}, [], []
        for name, value, spread in (("overhead", 2.0, 9), ("bandwidth", .85, 9), ("kv", .7, .5), ("compute", .5, .5),
                                    ("sequence", .01, 1.0)):
            self.add(name, math.log(value), spread)
        self.terms = {(r.gpu, r.engine, r.precision): self.terms_of(r.gpu, r.engine, r.precision) for r in rows}

    def add(self, name, value, spread):
        if name not in self.index:
            self.index[name] = len(self.start)
            self.start.append(value)
            self.prior.append((value, spread))
        return self.index[name]

    def effect(self, kind, *names):
        return self.add(f"{kind}: " + ", ".join(names), 0.0, SPREAD[kind])

    def terms_of(self, gpu, engine, precision):
        """Which parameters add up to the logarithm of each factor."""
        memory = "hbm" if gpu in HBM else "gddr"
        weights = [self.index["bandwidth"], self.effect("engine", engine), self.effect("memory", memory),
                   self.effect("engine x memory", engine, memory), self.effect("gpu", gpu)]
        if precision != "bf16":
            weights += [self.effect("precision", precision), self.effect("precision x memory", precision, memory)]
        compute = [self.index["compute"], self.effect("compute", gpu)]
        if multiplies_at_8_bits(SHEETS[gpu], precision):
            compute.append(self.effect("compute of", precision))
        return {"overhead": [self.index["overhead"], self.effect("overhead", engine)], "weights": weights,
                "kv": [self.index["kv"], self.effect("kv", engine)],
                "compute": compute, "sequence": [self.index["sequence"]]}

    def gpu_of(self, x, r):
        terms = self.terms[(r.gpu, r.engine, r.precision)]
        value = {key: math.exp(sum(x[i] for i in places)) for key, places in terms.items()}
        return {"sheet": SHEETS[r.gpu], "precisions": collections.defaultdict(lambda: 1.0),
                "compute": {r.precision: value["compute"]}, "sequence_overhead_ms": value["sequence"],
                "engines": {r.engine: {"step_overhead_ms": value["overhead"], "bandwidth_efficiency": value["weights"],
                                       "kv_efficiency": value["kv"]}}}

    def residual(self, x, r):
        return math.log(row_ms(self.gpu_of(x, r), r.engine, r, r.weight_gb) * r.rate / 1e3)

    def solve(self, rows, free, x=None, rounds=12):
        """`free(name)`: the parameters that this stage moves; the others stay where they are."""
        x = list(x or self.start)
        moved = [i for name, i in self.index.items() if free(name)]
        place = {i: k for k, i in enumerate(moved)}
        crowd = collections.Counter(group(r) for r in rows)
        for _ in range(rounds):
            a = [[0.0] * len(moved) for _ in moved]
            b = [0.0] * len(moved)
            for i in moved:
                middle, spread = self.prior[i]
                a[place[i]][place[i]] += spread ** -2
                b[place[i]] -= (x[i] - middle) * spread ** -2
            for r in rows:
                here = self.residual(x, r)
                slope = {}
                for i in {i for places in self.terms[(r.gpu, r.engine, r.precision)].values() for i in places}:
                    if i not in place:
                        continue
                    was, x[i] = x[i], x[i] + 1e-5
                    slope[place[i]] = (self.residual(x, r) - here) / 1e-5
                    x[i] = was
                weight = (LOADED if r.batch > 1 and (r.grade == "B" or r.interleaved) else 1.0) * crowd[group(r)] ** -CROWD * NOISE ** -2 * min(1.0, ROBUST[r.batch == 1] / max(abs(here), 1e-9))
                for i, d in slope.items():
                    b[i] -= weight * d * here
                    for j, other in slope.items():
                        a[i][j] += weight * d * other
            change = cholesky(a, b)
            largest = max(map(abs, change), default=0.0)
            for i, k in place.items():
                x[i] += change[k] * min(1.0, 1.0 / max(largest, 1e-12))
            if largest < 1e-5:
                break
        return x


def group(r):
    return r.source, r.gpu, r.engine, r.precision, r.batch > 1


def cholesky(a, b):
    n = len(b)
    lower = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            left = a[i][j] - sum(p * q for p, q in zip(lower[i][:j], lower[j][:j]))
            lower[i][j] = math.sqrt(left) if i == j else left / lower[j][j]
    y, z = [], [0.0] * n
    for i in range(n):
        y.append((b[i] - sum(p * q for p, q in zip(lower[i], y))) / lower[i][i])
    for i in reversed(range(n)):
        z[i] = (y[i] - sum(lower[k][i] * z[k] for k in range(i + 1, n))) / lower[i][i]
    return z


def late(name):
    """What only large batches, long contexts and prompts show."""
    return name == "kv" or name.startswith(("compute", "sequence"))


def fitted(fit, rows, x=None):
    """Bandwidth and overhead from batch 1, KV, compute and sequences from the rest, then batch 1 again with those."""
    single, batched = [r for r in rows if r.batch == 1], [r for r in rows if r.batch > 1]
    early = lambda name: not late(name)
    rounds = 12 if x is None else 4
    x = fit.solve(single, early, x, rounds)
    x = fit.solve(batched, late, x, rounds)
    return fit.solve(single, early, x, 4)


def digits(value, count=4):
    return float(f"{value:.{count}g}")


def median(values):
    values = sorted(values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def resolved(fit, x, gpu):
    """What configs/gpu says of a GPU, rounded: the model that is validated is the one that is shipped."""
    fit_of = lambda name: x[fit.index[name]] if name in fit.index else 0.0
    memory = "hbm" if gpu in HBM else "gddr"
    common = fit_of("bandwidth") + fit_of(f"memory: {memory}") + fit_of(f"gpu: {gpu}")
    engines = {}
    for e in ENGINES:
        weights = common + fit_of(f"engine: {e}") + fit_of(f"engine x memory: {e}, {memory}")
        engines[e] = {"step_overhead_ms": digits(math.exp(fit_of("overhead") + fit_of(f"overhead: {e}"))),
                      "bandwidth_efficiency": min(1.0, digits(math.exp(weights))),
                      "kv_efficiency": min(1.0, digits(math.exp(fit_of("kv") + fit_of(f"kv: {e}"))))}
    engines["median"] = {key: digits(median([engines[e][key] for e in SERVING])) for key in engines["vllm"]}
    precisions = {p: digits(math.exp(fit_of(f"precision: {p}") + fit_of(f"precision x memory: {p}, {memory}")))
                  for p in ("fp8", "int8", "int4")}
    compute = {p: min(1.0, digits(math.exp(fit_of("compute") + fit_of(f"compute: {gpu}") + fit_of(f"compute of: {p}"))))
               for p in ("bf16", "fp8")}
    return {"sheet": SHEETS[gpu], "engines": engines, "precisions": {"bf16": 1.0, **precisions},
            "compute": {p: compute["fp8" if multiplies_at_8_bits(SHEETS[gpu], p) else "bf16"] for p in BITS},
            "sequence_overhead_ms": digits(math.exp(fit_of("sequence")))}
