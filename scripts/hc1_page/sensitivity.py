"""What 20 % of each parameter of `hc1` does, and what its words are."""
import json
import pathlib
import tempfile

from page_template import rows

FULL = "the KV cache fills"
FULL_REASON = "its KV cache holds"
FIRST, LAST = 1024, 2047  # tokens that the first and the last answer token of 1k/1k see
# A run with one answer token behind the first has the time of that token alone.
RUNS = {"whole": ({"prompt_tokens": 1024, "new_tokens": 1024}, "closed_form"),
        "short": ({"prompt_tokens": 20, "new_tokens": 2}, "closed_form"),
        "first": ({"prompt_tokens": FIRST - 1, "new_tokens": 2}, "closed_form"),
        "last": ({"prompt_tokens": LAST - 1, "new_tokens": 2}, "closed_form"),
        "users": ({"prompt_tokens": 64, "new_tokens": 64, "users": 32}, "simulate")}
MODEL = ["--model", "llama-3.1-8b"]


def run(kiln, *more):
    return kiln("run", *MODEL, "--chip", "hc1", "--timing-only", *more)


class Figures:
    """What is looked at, of one set of parameters; a sentence where the chip does not take them."""

    def __init__(self, points):
        self.error = next((point["reason"] for point in points.values() if point["state"] != "done"), None)
        if self.error:
            self.error = FULL if FULL_REASON in self.error else self.error
            return
        figures = {name: point["figures"] for name, point in points.items()}
        self.rate, self.long_us = figures["whole"]["tokens_per_s_user"], figures["whole"]["ttft_us"]
        self.short_us, self.users = figures["short"]["ttft_us"], figures["users"]["tokens_per_s_total"]
        mhz = figures["whole"]["clock_mhz"]
        first, last = (round(mhz * 1e6 / figures[name]["tokens_per_s_user"]) for name in ("first", "last"))  # cycles
        self.slope = (last - first) / (LAST - FIRST) * 1000 / mhz
        kinds = {path.rpartition(".")[2]: count for path, count in figures["whole"].items() if path.startswith("verdict.reasons.")}
        self.not_buildable = sorted(kind for kind, count in kinds.items() if count)


def swept(kiln, vary, folder):
    """Figures of `hc1`, and of it with each value of each key: {None or (axis, value): Figures}."""
    points = {}
    for name, (lengths, engine) in RUNS.items():
        spec = {"version": 1, "base": {"chip": "hc1", "model": "llama-3.1-8b", **lengths}, "vary": vary,
                "sample": {"method": "one_at_a_time"}, "engine": engine}
        file, database = folder / f"{name}.json", folder / f"{name}.db"
        file.write_text(json.dumps(spec))
        for point in kiln("sweep", file, "-o", database)["points"]:
            changed = next(iter(point["vary"].items()), None)
            points.setdefault(changed, {})[name] = point
    return {changed: Figures(each) for changed, each in points.items()}


def parameters(chip, prefix=""):
    for key, value in chip.items():
        if isinstance(value, dict):
            yield from parameters(value, f"{prefix}{key}.")
        elif isinstance(value, int):
            yield f"{prefix}{key}", value


def cells(base, changed, value):
    if changed.error:
        return [f"{value}: {changed.error}", "", "", "", "", ""]
    ratio = lambda key: f"{getattr(changed, key) / getattr(base, key) - 1:+.2%}"
    return [f"{value}: {ratio('rate')}", ratio("short_us"), ratio("long_us"), ratio("slope"), ratio("users"), ", ".join(changed.not_buildable)]


def reason_of(name, whole, reasons):
    pointer = "/" + name.replace(".", "/")
    if pointer in reasons:
        return reasons[pointer]
    if pointer in whole["chip_auto"]:
        return "auto: from the floorplan" if name.startswith("link.") else "auto: its floor"
    return "as in `tile`" if name.startswith("tiles.") else "default"


def both_ways(value):
    return min(value - 1, round(value * 0.8)), max(value + 1, round(value * 1.2))


def of_hc1(kiln, base):
    """Figures of the chip, and of the chip with 20 % less and more of each parameter."""
    vary = {axis(name): [changed for changed in both_ways(value) if changed >= 0] for name, value in asked(base)}
    with tempfile.TemporaryDirectory() as folder:
        return swept(kiln, vary, pathlib.Path(folder))


def axis(name):
    return "chip:/" + name.replace(".", "/")


def asked(base):
    return [(name, value) for name, value in parameters(base["chip"]) if not name.startswith("lora.")]  # no adapter here


def figures(found, base, reasons):
    """Two rows a parameter: with 20 % less and 20 % more of it, in whole numbers and at least one away."""
    lines, still = [], []
    for name, value in asked(base):
        both = []
        for changed in both_ways(value):
            made = found.get((axis(name), changed))
            if made is None or (made.error and "/" + name.replace(".", "/") in made.error):
                both.append([f"{changed}: out of range", "", "", "", "", ""])
            elif made.error and made.error != FULL:
                raise SystemExit(f"{name}={changed}: {made.error}")
            else:
                both.append(cells(found[None], made, changed))
        reason = reason_of(name, base, reasons)
        moved = [cell for two in both for cell in [two[0].split(": ")[-1].replace("out of range", "")] + two[1:]]
        if all(cell in ("", "+0.00%", "-0.00%") for cell in moved):
            still.append(f"`{name}` ({value}, {reason})")
            continue
        lines += [[f"`{name}` = {value}", *both[0], reason], ["", *both[1], ""]]
    return {"sensitivity": rows(lines), "without_effect": "; ".join(still)}


def words_of_config(chip, auto, reasons):
    names = ("schedule", "tile.microarchitecture", "silicon.technology", "silicon.rom_cell", "sequencer.turn", "kv.when_full",
             "sampler.max_temperature", *(f"lora.{key}" for key in chip["lora"]))
    lines = []
    for name in names:
        value, pointer = chip, "/" + name.replace(".", "/")
        for key in name.split("."):
            value = value[key]
        lines.append([f"`{name}`", value, reasons.get(pointer, "auto: its floor" if pointer in auto else "")])
    return rows(lines)
