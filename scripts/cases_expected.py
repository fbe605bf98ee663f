"""What scripts/cases expects of each case, by its name: what follows from the "expected:" of the case's README.

`says`: expressions of which each is found in what the case wrote (its two streams, one after the other); `never`: none of
these is; `status`: that of run.sh, which is that of its last command; `also`: a function of what was written, which returns
what is wrong. "Or a refusal" is the one that Kiln gives, so that a case cannot pass by failing in some other way."""

import dataclasses
import re
from typing import Callable


@dataclasses.dataclass(frozen=True)
class Case:
    says: tuple = ()
    never: tuple = ()
    status: int = 0
    also: Callable = lambda said: ""

    def fault(self, out, err, status):
        """The first thing that is not as expected, or nothing."""
        said = out + err
        if status != self.status:
            return f"status {status} and not {self.status}"
        for wanted in self.says:
            if not re.search(wanted, said, re.M):
                return f"nothing of the form {wanted}"
        for unwanted in self.never:
            if re.search(unwanted, said, re.M):
                return f"something of the form {unwanted}"
        return self.also(said)


def line(text):
    """Just this line."""
    return "^" + re.escape(text) + "$"


def perplexity(value):
    """That of the reference in the table of `kiln eval`."""
    return rf"^fp32 reference +{re.escape(value)} "


def refusal(*parts):
    """One sentence with these parts in this order."""
    return "^kiln: error: .*" + ".*".join(re.escape(part) for part in parts)


def ports_cost(said):
    """Area and transistors grow with the ports."""
    found = re.findall(r"^ports (\d+) tokens/s \S+ area (\S+) transistors (\d+)$", said, re.M)
    if [ports for ports, _, _ in found] != ["1", "2", "8"]:
        return "no figures for 1, 2 and 8 ports"
    for column, name in ((1, "the area"), (2, "the number of transistors")):
        values = [float(row[column]) for row in found]
        if not values[0] < values[1] < values[2]:
            return f"{name} does not grow with the ports"
    return ""


HI_THERE = [27, 84, 82, 275, 29, 39, 72, 401, 27, 14, 29, 27, 518, 82, 672, 692, 29]  # <user>Hi there</><assistant>
BOS = 1022

CASES = {
    "F01": Case(says=(line(f"template used: True prompt ids: {[BOS, *HI_THERE]}"),)),
    "F03": Case(says=(line("end_of_text [279, 258, 391, 444]"),)),
    "F04": Case(says=(line("ids [1, 282, 266, 285, 292, 278]"),)),
    "F05": Case(says=(perplexity("42.3987"),)),
    "F07": Case(also=ports_cost),
    # run.sh ends with `echo`: the status that counts is the one printed.
    "F08": Case(says=(line("status 2"), refusal("only assistants may speak"))),
    "F10": Case(says=(r'"text_tokens": 718,', r'"perplexity": 4\.08869')),
    "F12": Case(says=(line("[1022, 39, 72, 1024, 83, 748]"),)),
    "F14": Case(says=(refusal("model.gguf", "llama.rope.scaling.attn_factor"),), status=2),
    # The last command is grep, which finds nothing in what a refused command prints.
    "F15": Case(says=(refusal("model.gguf", "tokenizer.ggml.add_eos_token"),), never=("perplexity",), status=1),
    "F16": Case(says=("^47 tensors, 1,115,520 weights",), never=("error",)),
    # Neither the GGUF file nor the directory is baked; there is nothing to run after that, and eval refuses the file as well.
    "F19": Case(says=(r"\Abake: status 2\nrun: status 2\nbake: status 2\nrun: status 2$",
                      refusal("model.gguf", "510 and 511"), refusal("model/tokenizer.json", "merge 5")),
                never=(r"^kiln: error: tokenizer: ",), status=2),
    "F20": Case(says=(refusal("model/tokenizer.model"),), status=2),
    "F21": Case(says=(perplexity("42.3987"),)),
    "F23": Case(says=(line(f"template used: True prompt ids: {HI_THERE}"),)),
    # The report without money; and a model that this chip has no room for.
    "F25": Case(says=(line("status 0"), "^no price: .* at most 1000000 mm2", refusal("KV cache of chip demo"))),
}
