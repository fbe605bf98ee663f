"""Runs `kiln` for the scripts: the document that a command writes, its text, or the sentence with which it refuses.

The configs are those of this checkout, wherever the program is.
"""
import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEFAULT = ROOT / "build/release/kiln"


class Refused(SystemExit):
    """kiln failed; `sentence` is what it said. Uncaught, it ends the script."""

    def __init__(self, arguments, sentence):
        super().__init__(f"kiln {' '.join(arguments)}: {sentence}")
        self.sentence = sentence


def add_option(parser):
    parser.add_argument("--kiln", default=str(DEFAULT), help="the program (default: build/release/kiln)")


class Kiln:
    def __init__(self, program=DEFAULT):
        self.program = str(program)
        self.environment = {**os.environ, "KILN_CONFIG_PATH": str(ROOT / "configs")}

    def __call__(self, *arguments):
        """The JSON document of a command."""
        return json.loads(self.text(*arguments, "--json", "-"))

    def text(self, *arguments):
        words = [str(argument) for argument in arguments]
        try:
            done = subprocess.run([self.program, *words], env=self.environment, capture_output=True, text=True)
        except OSError as error:
            raise SystemExit(f"{self.program} does not run ({error.strerror}); build it, or name it by --kiln") from error
        if done.returncode != 0:
            raise Refused(words, done.stderr.strip().removeprefix("kiln: error: "))
        return done.stdout

    def weights(self, model, wanted=lambda tensor: True):
        """How many weights the matrices and norms of a shape in configs/model hold; `wanted` says by name which count."""
        return sum(tensor["rows"] * tensor["columns"] for tensor in self("inspect", f"synthetic:{model}")["tensors"]
                   if wanted(tensor["name"]))
