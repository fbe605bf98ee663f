"""Watts of the die by part, of a card around it, and what is left between them and the public figures."""
import json

from hc1_page.public import CARD_W
from kiln_program import ROOT
from page_template import rows

ENDS = ("low", "typical", "high")
# Of a card, besides the die. Low, typical, high: the end that costs least first.
CONVERSION = {"low": 0.92, "typical": 0.88, "high": 0.83}
INTERFACE_W = {"low": 2.0, "typical": 6.0, "high": 15.0}
FANS = {"low": 0.0, "typical": 0.10, "high": 0.15}
# In volts: of the sources of the technology, and a common one for a part that is sold.
SUPPLY, HIGHER_SUPPLY = 0.75, 0.85
# What does not fall with the supply.
OTHER_SUPPLY = ("host interface",)


def parts(cost):
    """Watts of each part, low, typical, high: energy a token times tokens a second, prompts included."""
    made = {}
    for part in cost["energy_by_part"]:
        made[part["what"]] = {end: part["mj_per_token"][end] * cost["power_w"]["typical"] / cost["energy_mj_per_token"]["typical"]
                              for end in ENDS}
    return made


def card(die):
    """Watts of each line of a card, and of the card."""
    lines = {"die": die, "conversion": {end: die[end] * (1 / CONVERSION[end] - 1) for end in ENDS}, "interface": INTERFACE_W}
    whole = {end: sum(line[end] for line in lines.values()) / (1 - FANS[end]) for end in ENDS}
    return lines | {"fans": {end: whole[end] * FANS[end] for end in ENDS}, "card": whole}


def candidates(watts):
    """Watts more of the die, typical, if a thing that the model does not have, or has lower, is so. None is adopted."""
    typical = {what: ends["typical"] for what, ends in watts.items()}
    switched = sum(w for what, w in typical.items() if what not in OTHER_SUPPLY + ("leakage",))
    enabled = json.loads((ROOT / "configs/tech/n6.json").read_text())["clock_enabled_share"]["typical"]
    volts = HIGHER_SUPPLY / SUPPLY
    sums = sum(typical[what] for what in ("selections and accumulations", "group scales", "reduction trees"))
    return {"rom": watts["ROM reads"]["high"] - typical["ROM reads"],
            "ungated": typical["clocks of registers"] * (1 / enabled - 1),
            "supply": switched * (volts**2 - 1) + typical["leakage"] * (volts**3 - 1),
            "glitches": sums * 0.75, "hot": typical["leakage"]}


def span_of(ends):
    return f"{ends['typical']:.0f} ({ends['low']:.0f} to {ends['high']:.0f})"


def figures(cost):
    die, watts = cost["power_w"], parts(cost)
    missing = CARD_W[0] - die["typical"]
    lines = [[what, *(f"{w[end]:.2f}" for end in ENDS), f"{1 + missing / w['typical']:,.0f} x"]
             for what, w in sorted(watts.items(), key=lambda item: -item[1]["typical"]) if w["typical"] >= 0.1]
    of_card, more = card(die), candidates(watts)
    made = {f"card_{name}": " | ".join(f"{line[end]:.0f}" for end in ENDS) for name, line in of_card.items()}
    made |= {f"more_{name}": f"{w:.0f}" for name, w in more.items()}
    typical = of_card["card"]["typical"]
    # What is added to the die passes the converters and the fans as well.
    all_more = sum(more.values()) / CONVERSION["typical"] / (1 - FANS["typical"])
    made |= {"missing_w": f"{missing:.0f}", "power_parts": rows(lines), "more_sum": f"{sum(more.values()):.0f}",
             "card_with_more": f"{typical + all_more:.0f}", "left_w": f"{CARD_W[0] - typical - all_more:.0f}",
             "unexplained_w": f"{CARD_W[0] - typical:.0f}", "card_span": span_of(of_card["card"])}
    for watts_public in CARD_W:
        ends = {end: w / watts_public for end, w in of_card["card"].items()}
        made[f"card_to_{watts_public}"] = f"{ends['typical']:.2f} ({ends['low']:.2f} to {ends['high']:.2f})"
    return made
