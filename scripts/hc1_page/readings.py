"""Readings of what the public service does that the chip alone does not: each predicts every public figure.

Arithmetic on design points of the closed form (`kiln cost`); nothing is simulated, and the chip's config stays as it is.
"""
from hc1_page.public import FIRST_TOKEN_US, KV_TOKENS, REQUEST_US, SHORT, TOKEN_MARCH_US, TOKEN_US, ratios, slope_ns
from page_template import rows

WIDE = ("attention.tokens_parallel=192", "kv.banks=1537", "kv.depth_words=512")
BY_TIME = ("leakage", "clock", "clocks of registers", "host interface")
PCIE_US = 0.55  # a round trip, Neugebauer et al., SIGCOMM 2018
MIDDLE_US = sum(TOKEN_US) / 2
MIDDLE_FIRST_US = sum(FIRST_TOKEN_US) / 2


class Chip:
    """Times of a chip by the closed form, in microseconds, with some keys of `hc1` changed."""

    def __init__(self, kiln, *keys):
        ask = lambda prompt, answer: kiln("cost", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", prompt, "-n", answer,
                                          *(f"--set={key}" for key in keys))
        self.long, short = ask(1024, 1024), ask(*SHORT)
        self.token_us = 1e6 / self.long["tokens_per_s_user"]
        self.short_us = 1e6 / short["tokens_per_s_user"]
        self.slope = slope_ns(short)
        self.first_us = ask(20, 2)["ttft_us"]
        self.run_us = self.long["cycles_total"] / self.long["clock_mhz"]
        self.area = self.long["area_mm2"]["typical"]
        self.buildable = self.long["verdict"]["buildable"]

    def watts(self, waited_us):
        """Typical, of a 1k/1k run in which the chip waits so long besides."""
        power, energy = self.long["power_w"]["typical"], self.long["energy_mj_per_token"]["typical"]
        waiting = sum(p["mj_per_token"]["typical"] for p in self.long["energy_by_part"] if p["what"] in BY_TIME) / energy
        return power * (waiting + (1 - waiting) * self.run_us / (self.run_us + waited_us))


def at_clock(kiln, short_us, *keys):
    """The chip at the clock in whole MHz whose token at short contexts takes so long; latencies that are `auto` follow the clock."""
    mhz = 1004
    for _ in range(8):
        chip = Chip(kiln, f"clock_mhz={mhz}", *keys)
        found = round(mhz * chip.short_us / short_us)
        if found == mhz:
            break
        mhz = found
    return mhz, chip


def line(name, chip, rates, a_token=0.0, a_prompt_token=0.0, a_request=0.0):
    token, short = chip.token_us + a_token, chip.short_us + a_token
    first = chip.first_us + 20 * a_prompt_token + a_request
    if not a_prompt_token:
        first += a_token  # the first answer token is drawn as the others are
    rate, waited = 1e6 / token, 1024 * (a_token + a_prompt_token) + a_request
    low, high = rates
    return [name, f"{rate:,.0f}", f"{rate / high:.2f}, {rate / low:.2f}", f"{short:.1f}", ratios(short, TOKEN_US), f"{short / TOKEN_MARCH_US:.2f}",
            f"{chip.slope:.1f}", f"{first:,.0f}", ratios(first, FIRST_TOKEN_US), f"{chip.watts(waited):.0f}",
            f"{chip.area:,.0f}{'' if chip.buildable else ', not buildable'}",
            f"{chip.long['transistors']['typical'] / 1e9:.1f}", f"{chip.long['kv']['capacity_tokens'] / KV_TOKENS:.3f}"]


def missed(value, published):
    """By how much a figure is below both ends of what was published, in per cent."""
    return f"{100 * (1 - value / min(published)):.0f} to {100 * (1 - value / max(published)):.0f} %"


def figures(kiln, rates):
    """For the template; `rates` are the two that the vendor published, the lower first."""
    hc1 = Chip(kiln)
    trip = MIDDLE_US - hc1.short_us
    request = MIDDLE_FIRST_US - hc1.first_us
    spread = REQUEST_US / SHORT[1]
    slow_mhz, slow = at_clock(kiln, MIDDLE_US)
    wide_mhz, wide = at_clock(kiln, MIDDLE_US, *WIDE)
    march_mhz, march = at_clock(kiln, TOKEN_MARCH_US, *WIDE)
    lines = [line("0 the chip alone", hc1, rates), line("1 a round trip an answer token", hc1, rates, trip),
             line("2 a round trip a token, prompt tokens too", hc1, rates, trip, trip),
             line("3 a cost a request, before the first token", hc1, rates, a_request=request),
             line("4 a cost a request, spread over its answer", hc1, rates, spread),
             line("5 both 1 and 3", hc1, rates, trip, a_request=request - trip),
             line(f"6 a clock of {slow_mhz} MHz", slow, rates),
             line(f"7 {wide_mhz} MHz, twice the KV words a cycle", wide, rates),
             line(f"8 {march_mhz} MHz, twice the KV words a cycle", march, rates)]
    # Of reading 4, over 1,024 answer tokens the cost is spread thinner than in the samples.
    lines[4] = lines[4][:1] + [f"{1e6 / (hc1.token_us + REQUEST_US / 1024):,.0f}",
                              ", ".join(f"{1e6 / (hc1.token_us + REQUEST_US / 1024) / rate:.2f}" for rate in reversed(rates))] + lines[4][3:]
    lines[4][7], lines[4][8] = f"{hc1.first_us:,.0f}", ratios(hc1.first_us, FIRST_TOKEN_US)
    return {"host_readings": rows(lines), "host_trip": f"{trip:.1f}", "host_request": f"{request:,.0f}",
            "host_rest": f"{request - trip:,.0f}", "host_spread": f"{spread:.1f}", "host_prompt_us": f"{hc1.first_us / 20:.1f}",
            "host_spread_48": f"{hc1.short_us + REQUEST_US / 48:.0f}", "host_spread_512": f"{hc1.short_us + REQUEST_US / 512:.0f}",
            "host_flat_rate": f"{1e6 / TOKEN_US[0]:,.0f}", "host_chart_us": f"{1e6 / rates[1]:.2f}", "host_deck_us": f"{1e6 / rates[0]:.1f}",
            "host_wide_mm2": f"{wide.area - hc1.area:.0f}", "host_trip_to_pcie": f"{trip / PCIE_US:.0f}",
            "host_alone_token": missed(hc1.short_us, TOKEN_US), "host_alone_first": missed(hc1.first_us, FIRST_TOKEN_US),
            "host_slow_missed": missed(1e6 / slow.token_us, rates), "host_wide_missed": missed(1e6 / wide.token_us, rates),
            "host_march_to_deck": f"{1e6 / march.token_us / rates[0]:.2f}",
            "host_prompt_others": " and ".join(f"{us:.0f}" for us in (hc1.first_us / 20 + trip, slow.first_us / 20, wide.first_us / 20))}
