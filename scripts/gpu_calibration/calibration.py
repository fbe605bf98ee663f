"""Errors of the fit at the measurements, seen and left out, and the fit of the power."""
import json
import math
import re

from gpu_calibration.fit import Fit, cholesky, digits, fitted, resolved
from gpu_calibration.measurements import ROOT, SHEETS, read_rows
from gpu_calibration.step import row_ms, shares

POWER_BASE = .15  # of the limit, a choice: memory and compute are never both near nought in the data


class Predictions:
    """Relative errors of the rates of a model (GPU -> resolved spec) at rows."""

    def __init__(self, fit, x):
        self.gpus = {gpu: resolved(fit, x, gpu) for gpu in SHEETS}

    def error(self, r, engine=None, kiln_bytes=False):
        ms = row_ms(self.gpus[r.gpu], engine or r.engine, r, r.kiln_gb if kiln_bytes else r.weight_gb)
        return 1e3 / ms / r.rate - 1


def left_out(fit, rows, x, key):
    """Errors at each row of a fit that has seen no row of the same `key`."""
    errors = {}
    for value in sorted({key(r) for r in rows}):
        model = Predictions(fit, fitted(fit, [r for r in rows if key(r) != value], x))
        errors.update({r.line: model.error(r) for r in rows if key(r) == value})
    return errors


def summary(errors):
    """Mean and nearest-rank 90th percentile of |error| in per cent, rounded up to a tenth, and how many."""
    sizes = sorted(map(abs, errors))
    if not sizes:
        return None
    up = lambda v: math.ceil(v * 1000 - 1e-6) / 10
    return up(sum(sizes) / len(sizes)), up(sizes[math.ceil(.9 * len(sizes)) - 1]), len(sizes)


def fit_power(model, rows):
    """Power over the limit = base + memory * share + compute * share, least squares; errors in J a token."""
    known = [r for r in rows if r.watts]
    limit = {gpu: json.loads((ROOT / f"configs/gpu/{gpu}.json").read_text())["power_w"] for gpu in {r.gpu for r in known}}
    a, b = [[0.0] * 2 for _ in range(2)], [0.0] * 2
    for r in known:
        terms = shares(model.gpus[r.gpu], r)
        for i in range(2):
            b[i] += terms[i] * (r.watts / limit[r.gpu] - POWER_BASE)
            for j in range(2):
                a[i][j] += terms[i] * terms[j]
    power = [POWER_BASE] + [digits(v, 3) for v in cholesky(a, b)]
    watt, energy = [], []
    for r in known:
        terms = (1.0, *shares(model.gpus[r.gpu], r))
        ratio = limit[r.gpu] * min(1.0, sum(p * t for p, t in zip(power, terms))) / r.watts
        watt.append(ratio - 1)
        energy.append(ratio * row_ms(model.gpus[r.gpu], r.engine, r, r.weight_gb) * r.rate / 1e3 - 1)
    return power, summary(watt), summary(energy)


class Calibration:
    """The fit, and every error that the report and the configs state."""

    def __init__(self, path):
        self.all, self.rows = read_rows(path)
        fit = Fit(self.rows)
        x = fitted(fit, self.rows)
        self.model = Predictions(fit, x)
        self.single = [r for r in self.rows if r.batch == 1]
        self.serving = [r for r in self.single if r.serving]
        self.batched = [r for r in self.rows if r.batch > 1 and r.serving]
        self.without = {key: left_out(fit, self.rows, x, of) for key, of in (
            ("GPU", lambda r: r.gpu), ("engine", lambda r: r.engine), ("source", lambda r: r.source), ("fifth", lambda r: r.line * 7919 % 5))}
        self.power, self.power_error, self.energy_error = fit_power(self.model, self.rows)

    def error(self, rows, **how):
        return summary([self.model.error(r, **how) for r in rows])

    def unseen(self, key, rows):
        return summary([self.without[key][r.line] for r in rows])

    def engine_error(self, gpu, engine):
        """Of an engine on a GPU at batch 1: what was measured, or, where too little was, errors of rows left out; or of
        the GPU's own rows where they are worse (and at least three)."""
        error, when = self.pooled_error(gpu, engine)
        own = self.error([r for r in self.serving if r.gpu == gpu], engine="median") if engine == "median" else \
            self.error([r for r in self.single if r.gpu == gpu and r.engine == engine])
        return (own if own and own[2] >= 3 and own[0] > error[0] else error), when

    def pooled_error(self, gpu, engine):
        measured = any(r.gpu == gpu for r in self.single)
        rows = [r for r in self.single if r.engine == engine]
        if engine == "median":
            rows = self.serving
            error = self.error(rows, engine="median") if measured else self.unseen("GPU", rows)
        elif len(rows) < 5:
            rows = self.serving
            error = self.unseen("engine", rows)
        else:
            error = self.error(rows) if measured else self.unseen("GPU", rows)
        return error, dates(rows)

    def batch_error(self, gpu):
        """At several sequences: of all GPUs' rows, or of this one's where they are worse (and at least three)."""
        own = self.error([r for r in self.batched if r.gpu == gpu])
        every = self.error(self.batched)
        return own if own and own[2] >= 3 and own[0] > every[0] else every


def dates(rows):
    found = sorted(m.group(0) for r in rows for m in [re.match(r"\d{4}-\d{2}", r.date)] if m)
    return f"{found[0]} to {found[-1]}"
