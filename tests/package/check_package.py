#!/usr/bin/env python3
"""Installs Kiln into a folder of its own, builds the project in this folder against it as a stranger would, runs one of
its programs and holds what that prints against `kiln`."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MOST_LINES = 30  # of the program that asks a question


def run(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def built(options, work, program):
    """The program, built against nothing but what was installed below `work`."""
    prefix = work / "prefix"
    run("cmake", "--install", options.build, "--prefix", prefix, "--component", "development")
    run("cmake", "-S", HERE, "-B", work / "build", "-G", options.generator, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={options.compiler}")
    run("cmake", "--build", work / "build", "--target", program, "every_header")
    return work / "build" / program


def said_by(program, options, work):
    """Nothing beside the program and nothing in the environment tells it where the configs are."""
    alone = {name: value for name, value in os.environ.items() if name != "KILN_CONFIG_PATH"}
    return run(built(options, work, program), cwd=work, env=alone)


def rate(options, work):
    """The rate is the one that `kiln run` has, to the last bit."""
    lines = len((HERE / "rate.cpp").read_text().splitlines())
    if lines > MOST_LINES:
        sys.exit(f"rate.cpp has {lines} lines; {MOST_LINES} must do")
    said = said_by("rate", options, work)
    document = json.loads(run(options.kiln, "run", "--model", "llama-3.1-8b", "--chip", "hc1", "--prompt-tokens", "1024", "-n", "1024",
                              "--json", "-"))
    expected = document["tokens_per_s_user"]
    found = re.fullmatch(r"(\S+) tokens/s\n", said)
    if not found or float(found[1]) != expected:
        sys.exit(f"rate says {said!r}, kiln run says {expected}")
    print(f"rate, {lines} lines: {said.strip()}, as kiln run has it")


def own_tile(options, work):
    """A kind of tile that no Kiln knows runs, agrees with its own closed form, and has an area and a power."""
    said = said_by("own_tile", options, work)
    found = re.fullmatch(r"(\d+) tokens/s\n(\d+) mm2\n(\d+) W\n", said)
    if not found or min(map(int, found.groups())) <= 0:
        sys.exit(f"own_tile says {said!r}")
    print("own_tile: " + ", ".join(said.split("\n")[:-1]))


PROGRAMS = {"rate": rate, "own_tile": own_tile}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--kiln", type=pathlib.Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--generator", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiln-package-") as work:
        PROGRAMS[options.program](options, pathlib.Path(work))


if __name__ == "__main__":
    main()
