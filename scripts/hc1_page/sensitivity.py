"""What 20 % of each parameter of `hc1` does, and what its words are."""
import concurrent.futures

import kiln_program
from hc1_page.public import slope_ns
from page_template import rows

FULL = "the KV cache fills"
MODEL = ["--model", "llama-3.1-8b"]


def run(kiln, *more):
    return kiln("run", *MODEL, "--chip", "hc1", "--timing-only", *more)


class Figures:
    """What is looked at, of one set of parameters; a sentence where the chip does not take them."""

    def __init__(self, kiln, *more):
        self.error = None
        try:
            whole = run(kiln, "--prompt-tokens", "1024", "-n", "1024", *more)
        except kiln_program.Refused as refused:
            self.error = refused.sentence
            return
        if "tokens_per_s_user" not in whole or whole["generated_tokens"] < 1024:
            self.error = FULL
            return
        self.whole = whole
        self.rate = whole["tokens_per_s_user"]
        self.long_us = whole["ttft_us"]
        self.slope = slope_ns(whole)
        self.short_us = run(kiln, "--prompt-tokens", "20", "-n", "2", *more)["ttft_us"]
        self.users = run(kiln, "--prompt-tokens", "64", "-n", "64", "--users", "32", *more)["tokens_per_s_total"]
        self.not_buildable = sorted({reason["kind"] for reason in whole["verdict"]["reasons"]})


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


def figures(kiln, base, reasons):
    """Two rows a parameter: with 20 % less and 20 % more of it, in whole numbers and at least one away."""
    lines, still = [], []
    asked = [(name, value, both_ways(value)) for name, value in parameters(base.whole["chip"]) if not name.startswith("lora.")]  # no adapter here
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = {(name, changed): pool.submit(Figures, kiln, "--set", f"{name}={changed}") for name, _, two in asked for changed in two if changed >= 0}
    for name, value, two in asked:
        both = []
        for changed in two:
            made = found[name, changed].result() if changed >= 0 else None
            if made is None or (made.error and "/" + name.replace(".", "/") in made.error):
                both.append([f"{changed}: out of range", "", "", "", "", ""])
            elif made.error and made.error != FULL:
                raise SystemExit(f"{name}={changed}: {made.error}")
            else:
                both.append(cells(base, made, changed))
        reason = reason_of(name, base.whole, reasons)
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
