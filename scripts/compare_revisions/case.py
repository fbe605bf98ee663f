"""A case of the comparison: a command line, the files that it finds, and what is typed.

Each case runs in a fresh folder in which `configs` and `models` lead to the revision's own, so that every path in a
sentence is relative and the same on both sides. Input files are the same bytes for both; they are made here from the
old revision's tree.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Link:
    """A symbolic link; `fixture:NAME` leads to a file that the first cases made."""
    target: str


class Folder:
    pass


class Pipe:
    pass


@dataclasses.dataclass(frozen=True)
class Sparse:
    size: int


@dataclasses.dataclass
class Case:
    name: str
    arguments: list
    files: dict = dataclasses.field(default_factory=dict)  # name -> bytes, str or one of the classes above
    stdin: bytes = b""
    environment: dict = dataclasses.field(default_factory=dict)
    redirect: str = ""  # as a shell has it, for closed and full files
    script: str = ""  # a script of the tree instead of the program
    keep: dict = dataclasses.field(default_factory=dict)  # output -> fixture that later cases may use
    command: str = ""

    def __post_init__(self):
        self.command = self.command or self.name.split("/")[0]

    def line(self):
        return " ".join(["kiln", *(a.decode(errors="replace") if isinstance(a, bytes) else a for a in self.arguments)])

    def documents(self):
        """Output -> its document, where that is known to be JSON: the subcommand's, also in cases of bad input."""
        found = {}
        command = self.arguments[0] if self.arguments else ""
        for option, value in zip(self.arguments, self.arguments[1:]):
            if option == "--json":
                found["stdout" if value == "-" else f"file:{value}"] = command
                if isinstance(linked := self.files.get(value), Link):
                    found[f"file:{linked.target}"] = command
            if option == "--trace" and str(value).endswith(".json"):
                found.setdefault(f"file:{value}", "trace")
        return found


class Cases:
    """Collects cases under unique names."""

    def __init__(self):
        self.all = []
        self.names = {}

    def add(self, name, arguments, **more):
        # The name is the place in docs/changes.md's tables: numbered where several would be the same.
        count = self.names[name] = self.names.get(name, 0) + 1
        case = Case(name if count == 1 else f"{name}#{count}", [a if isinstance(a, bytes) else str(a) for a in arguments],
                    **more)
        self.all.append(case)
        return case
