"""Sweeps of one spec in one folder, for scripts that compare what runs them."""
import json
import os
import pathlib
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 120


class Ended:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


class Sweeps:
    def __init__(self, kiln, spec, folder, environment):
        self.kiln, self.spec, self.folder = str(pathlib.Path(kiln).resolve()), str(pathlib.Path(spec).resolve()), pathlib.Path(folder)
        self.environment = {**environment, "KILN_CONFIG_PATH": str(ROOT / "configs")}

    def database(self, name):
        return self.folder / f"{name}.db"

    def words(self, name, *more):
        return [self.kiln, "sweep", self.spec, "-o", str(self.database(name)), *more]

    def run(self, *words):
        done = subprocess.run([str(word) for word in words], cwd=self.folder, env=self.environment, capture_output=True, text=True)
        return Ended(done.returncode, done.stdout, done.stderr)

    def sweep(self, name, *more):
        return self.run(*self.words(name, *more))

    def start(self, name, *more):
        return subprocess.Popen(self.words(name, *more), cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    @staticmethod
    def finish(process):
        out, err = process.communicate(timeout=PATIENCE_S * 10)
        return Ended(process.returncode, out, err)

    def good(self, ended):
        """What ended must have ended well."""
        if ended.status != 0:
            raise AssertionError(f"exit status {ended.status}\n{ended.out}{ended.err}")
        return ended

    def table(self, name):
        """The export, byte for byte."""
        return self.good(self.run(self.kiln, "sweep", "export", self.database(name), "--json", "-")).out

    def states(self, name):
        counts = {}
        for point in json.loads(self.table(name))["points"]:
            counts[point["state"]] = counts.get(point["state"], 0) + 1
        return counts

    def answers(self, name):
        """Lines in the files of workers."""
        count = 0
        for path in self.folder.glob(f"{name}.db.parts/*.jsonl"):
            try:
                count += path.read_bytes().count(b"\n")
            except FileNotFoundError:
                pass  # gathered meanwhile
        return count

    def until_answers(self, name, least, process=None):
        limit = time.monotonic() + PATIENCE_S
        while self.answers(name) < least:
            if process is not None and process.poll() is not None:
                ended = self.finish(process)
                raise AssertionError(f"ended before there were {least} answers: {ended.status}\n{ended.out}{ended.err}")
            if time.monotonic() > limit:
                raise AssertionError(f"{name}: no {least} answers in {PATIENCE_S} s")
            time.sleep(0.02)

    @staticmethod
    def kill(process, how=signal.SIGKILL):
        os.kill(process.pid, how)
