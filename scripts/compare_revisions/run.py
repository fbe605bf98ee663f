"""Runs cases through one side, and keeps what came out: by name of the stream, as bytes.

Streams: `status`, `stdout`, `stderr`, and `file:PATH` for every file that was not there before.
"""
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys

from compare_revisions.case import Folder, Link, Pipe, Sparse

TIMEOUT_S = 300


class Side:
    """A program with the tree of its configs and models, and folders for its work."""

    def __init__(self, name, program, tree, work, fixtures):
        self.name, self.program, self.tree, self.fixtures = name, program.resolve(), tree.resolve(), fixtures
        self.work = work / name
        (self.work / "cache").mkdir(parents=True, exist_ok=True)

    def environment(self, case, folder):
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.work), "LC_ALL": "C.UTF-8",
                "KILN_CONFIG_PATH": "configs", "KILN_CACHE": str(self.work / "cache"), "TMPDIR": str(self.work),
                **case.environment}

    def outcome(self, case, number):
        folder = self.work / f"case-{number}" / "here"
        folder.mkdir(parents=True)
        try:
            self._lay_out(case, folder)
            before = set(files_below(folder))
            streams = self._run(case, folder)
            for name in sorted(set(files_below(folder)) - before | {n for n, c in case.files.items() if isinstance(c, (bytes, str))}):
                path = folder / name
                if name in before and path.exists() and path.read_bytes() == as_bytes(case.files[name]):
                    continue
                streams[f"file:{name}"] = path.read_bytes() if path.is_file() else b"(gone)"
            for output, fixture in case.keep.items():
                keep(folder / output, self.work / "made" / fixture)
            return {stream: self._plain(data) for stream, data in streams.items()}
        finally:
            shutil.rmtree(folder.parent, ignore_errors=True)

    def _plain(self, data):
        """Without the places where this side lives, which are no difference."""
        for place, word in ((self.program, b"<kiln>"), (self.work, b"<work>"), (self.tree, b"<tree>")):
            data = data.replace(str(place).encode(), word)
        return data

    def _lay_out(self, case, folder):
        for name in ("configs", "models"):
            (folder / name).symlink_to(self.tree / name)
        for name, content in case.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Link):
                target = content.target
                path.symlink_to(self.fixtures / target[8:] if target.startswith("fixture:") else target)
            elif isinstance(content, Folder):
                path.mkdir()
            elif isinstance(content, Pipe):
                os.mkfifo(path)
            elif isinstance(content, Sparse):
                with open(path, "wb") as file:
                    file.truncate(content.size)
            else:
                path.write_bytes(as_bytes(content))

    def _run(self, case, folder):
        command = [sys.executable, str(self.tree / case.script)] if case.script else [str(self.program)]
        command += case.arguments
        if case.redirect:
            command = ["sh", "-c", f'exec "$0" "$@" {case.redirect}', *command]
        beside = folder.parent
        (beside / "in").write_bytes(case.stdin)
        with open(beside / "in", "rb") as into, open(beside / "out", "wb") as out, open(beside / "err", "wb") as err:
            try:
                status = subprocess.run(command, cwd=folder, stdin=into, stdout=out, stderr=err, timeout=TIMEOUT_S,
                                        env=self.environment(case, folder)).returncode
            except subprocess.TimeoutExpired:
                status = f"none after {TIMEOUT_S} s"
            except ValueError as e:
                status = f"not started: {e}"
        return {"status": str(status).encode(), "stdout": (beside / "out").read_bytes(),
                "stderr": (beside / "err").read_bytes()}


def as_bytes(content):
    return content.encode() if isinstance(content, str) else content


def keep(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copyfile(source, target)


def files_below(folder):
    """Regular files; links are not followed and pipes not read."""
    for base, folders, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                yield os.path.relpath(path, folder)


class Record:
    """All outcomes of a side in a folder: a manifest of hashes, and each different stream once, compressed."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = {}

    def load(self):
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        return self

    def outcome(self, case, key):
        kept = self.manifest.get(case.name)
        if kept is None or kept["key"] != key:
            return None
        return {stream: gzip.decompress(self._blob(name).read_bytes()) for stream, name in kept["streams"].items()}

    def add(self, case, key, outcome):
        streams = {}
        for stream, data in outcome.items():
            streams[stream] = name = hashlib.sha256(data).hexdigest()
            blob = self._blob(name)
            if not blob.exists():
                blob.parent.mkdir(parents=True, exist_ok=True)
                whole = blob.with_name(f"{name}.{os.getpid()}.{id(data)}")
                whole.write_bytes(gzip.compress(data, 4, mtime=0))
                whole.replace(blob)
        self.manifest[case.name] = {"key": key, "streams": streams}

    def save(self):
        (self.folder / "manifest.json").write_text(json.dumps(self.manifest, indent=1, sort_keys=True) + "\n")

    def _blob(self, name):
        return self.folder / "streams" / name[:2] / name


def key_of(case):
    """Names a case's inputs, so that a record is never taken for another case."""
    digest = hashlib.sha256()
    for part in (case.arguments, sorted(case.environment.items()), case.redirect, case.script, case.stdin):
        digest.update(repr(part).encode() + b"\0")
    for name, content in sorted(case.files.items()):
        content = as_bytes(content) if isinstance(content, (bytes, str)) else repr((type(content).__name__, vars(content))).encode()
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:32]


def recorded_tree(source, record):
    """The old side's inputs beside its record: configs, models and the scripts that make adapters."""
    tree = record / "tree"
    for name in ("configs", "models", "scripts", "tests/tokenizer/data/chat_templates"):
        if not (tree / name).exists():
            shutil.copytree(source / name, tree / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return tree


def tree_of(program):
    """The source tree that a program was built in, or the folder that it was installed with."""
    for parent in pathlib.Path(program).resolve().parents:
        for tree in (parent, parent / "share" / "kiln"):
            if (tree / "configs" / "chip").is_dir():
                return tree
    raise SystemExit(f"compare-revisions: no configs are above {program}; --old-tree and --new-tree say where they are")
