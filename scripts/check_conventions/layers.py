"""Every #include obeys the arrows between modules in CMakeLists.txt, and libraries stay where they belong."""
import pathlib
import re

from check_conventions.common import ROOT, declared, modules, sources

# SystemC only in the chip's shell; no third-party JSON, parser or logger in what others include.
SYSTEMC = {"chip/systemc"}
NOT_IN_INTERFACES = re.compile(r"nlohmann|CLI/|spdlog|pcre2|protobuf|xxhash|systemc|sysc/")
FORBIDDEN = {("reference", "numerics"), ("numerics", "reference")}


def module_of(file, names):
    """The module that a file of include/kiln or src, named below that folder, belongs to: the longest folder that is one."""
    parts = pathlib.PurePosixPath(file).parts[:-1]
    return next(("/".join(parts[:n]) for n in range(len(parts), 0, -1) if "/".join(parts[:n]) in names), None)


def check():
    reach = modules()
    errors = []
    used = {name: set() for name in reach}
    for name, seen in reach.items():
        if name in seen:
            errors.append(f"module {name} depends on itself")
        errors += [f"module {name} must never use {other}" for a, other in FORBIDDEN if a == name and other in seen]
    for path in sources("include/kiln", "src"):
        public = path.is_relative_to(ROOT / "include")
        module = module_of(path.relative_to(ROOT / ("include/kiln" if public else "src")).as_posix(), reach)
        if module is None:
            errors.append(f"{path.relative_to(ROOT)} belongs to no module of CMakeLists.txt")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
            if not include:
                continue
            where = f"{path.relative_to(ROOT)}:{number}"
            target = include.group(1)
            if public and (ROOT / "src" / target).is_file():
                errors.append(f"{where} includes {target}, which people outside do not have")
            if NOT_IN_INTERFACES.search(target) and public:
                errors.append(f"{where}: {target} does not belong in a public header")
            if re.match(r"systemc|sysc/", target) and module not in SYSTEMC:
                errors.append(f"{where}: SystemC outside {', '.join(sorted(SYSTEMC))}")
            below = target.removeprefix("kiln/") if target.startswith("kiln/") else target if (ROOT / "src" / target).is_file() else ""
            other = module_of(below, reach)
            if other is None or other == module:
                continue
            used[module].add(other)
            if other not in reach[module] or (module, other) in FORBIDDEN:
                errors.append(f"{where}: {module} may not use {other}")
            header = ROOT / "src" / target
            if header.is_file() and (private := re.search(r"Private to the (\S+) module", " ".join(
                    l.removeprefix("// ") for l in header.read_text().split("#pragma once")[0].splitlines()))):
                errors.append(f"{where} includes {target}, which is private to {private.group(1)}")
    for name, deps in declared().items():
        # A module may use something through an arrow of a lower module: that arrow is declared there.
        errors += [f"module {name} declares {dep} and uses nothing of it" for dep in sorted(deps)
                   if dep not in used[name]]
    return errors
