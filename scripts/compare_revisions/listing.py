"""All cases. Those of the first part make the files that those of the second use."""
import json

from compare_revisions import bad_checkpoints, bad_configs, bad_images, bad_options, bad_others, good_cases
from compare_revisions.case import Cases
from compare_revisions.small_files import hf


TEMPLATES = "tests/tokenizer/data/chat_templates"


def first_part():
    cases = Cases()
    good_cases.fixtures(cases)
    cases.add("bake/with-a-tokenizer", ["bake", "model", "-o", "small.rom", "--recipe", "w4"],
              files={**hf(), "model/tokenizer.json": json.dumps(bad_others.smol_json())}, keep={"small.rom": "small.rom"})
    return cases.all


def second_part(tree, fixtures):
    """`tree`: where the old side's configs and chat templates are."""
    cases = Cases()

    def names(kind):
        return sorted(path.stem for path in (tree / "configs" / kind).glob("*.json"))

    def shipped(kind, name):
        return json.loads((tree / "configs" / kind / f"{name}.json").read_text())
    good_cases.add_all(cases, names("chip"), names("gpu"))
    bad_options.add_all(cases)
    bad_configs.add_all(cases, shipped)
    bad_checkpoints.add_all(cases)
    bad_images.add_all(cases, (fixtures / "small.rom").read_bytes())
    bad_others.add_all(cases, [path.read_text() for path in sorted((tree / TEMPLATES).glob("*.jinja"))])
    return cases.all
