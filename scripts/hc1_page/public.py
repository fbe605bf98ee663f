"""What is public about the HC1, as scripts/hc1-report compares it; rates are in configs/machine."""
DIE_MM2, BILLION_TRANSISTORS, KV_TOKENS = 815, 53, 6144
CARD_W = (200, 250)  # a card; a tenth of a server

# Measured from outside, seven samples of March to October 2026.
TOKEN_US = (67.0, 70.5)        # between answer tokens at contexts of 46 to 187: June, September, October
TOKEN_MARCH_US = 61.9          # the same, the one sample of March
FIRST_TOKEN_US = (1044, 1301)  # after 18 to 22 prompt tokens
REQUEST_US = 2500              # more a request, at the server
SHORT = (46, 142)              # prompt and answer tokens that give contexts of 46 to 187


def ratios(value, measured):
    """Of a figure to both ends of what was measured."""
    return f"{value / measured[1]:.2f} to {value / measured[0]:.2f}"


def slope_ns(point):
    """Of the time of an answer token over the tokens that it sees, from the first to the last answer token."""
    first, last = point["cycles_by_context"][0], point["cycles_by_context"][-1]
    return (last["cycles"] - first["cycles"]) / (last["context"] - first["context"]) * 1000 / point["clock_mhz"]
