"""Every unit's page links the RTL of its formulas and the co-simulation that checks it, and every RTL file is on a page."""
import re

from check_conventions.common import ROOT

WITHOUT_RTL = {"host_link", "chip_link", "lora_unit"}  # their pages say why


def check():
    errors = []
    verilog, cosim = ROOT / "src" / "rtl" / "sv", ROOT / "tests" / "rtl" / "cosim"
    words = set(re.findall(r"\w+", " ".join(p.read_text() for p in verilog.glob("*.sv"))))
    pages = [p for p in sorted((ROOT / "docs" / "units").glob("*.md")) if p.name != "README.md"]
    for path in pages + [ROOT / "docs" / "numerics.md"]:
        name = path.relative_to(ROOT)
        section = re.search(r"^## RTL\n(.*?)(?=^## |\Z)", path.read_text(), re.M | re.S)
        if not section:
            errors.append(f"{name} has no section ## RTL")
            continue
        links = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", section.group(1)) if "://" not in target]
        files = [(path.parent / target).resolve() for target in links if target]
        errors += [f"{name}, ## RTL: {target} does not exist" for target in filter(None, links)
                   if not (path.parent / target).is_file()]
        if path.stem in WITHOUT_RTL:
            continue
        for row in re.findall(r"^\|[^|]*\|([^|]*)\|", section.group(1), re.M):
            errors += [f"{name}, ## RTL: {word} is nowhere in src/rtl/sv" for word in re.findall(r"`(\w+)`", row) if word not in words]
        if not any(file.parent == verilog and file.suffix == ".sv" for file in files):
            errors.append(f"{name}, ## RTL: a link to a file of src/rtl/sv is expected")
        if path in pages and not any(file.parent == cosim and file.name.endswith("_test.cpp") for file in files):
            errors.append(f"{name}, ## RTL: a link to a test of tests/rtl/cosim is expected")
    text = "\n".join(p.read_text() for p in pages + [ROOT / "docs" / "rtl.md", ROOT / "docs" / "numerics.md"])
    errors += [f"{path.relative_to(ROOT)} is on no page of docs/units, nor in docs/rtl.md or docs/numerics.md"
               for path in sorted(verilog.glob("*.sv")) if not re.search(rf"\b{path.stem}\b", text)]
    return errors
