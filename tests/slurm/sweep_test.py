#!/usr/bin/env python3
"""Sweeps through a real Slurm on this machine: the table of local processes, whatever is killed meanwhile.

    tests/slurm/sweep_test.py --kiln build/dev/kiln             all facts
    tests/slurm/sweep_test.py --kiln build/dev/kiln --only ctrl_c

Slurm and munge come from scripts/install-packages slurm; where they are missing, the test fails, unless KILN_NO_SLURM is set: then it
says that it is skipped (exit status 77).
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import cluster as slurm
from sweeps import Sweeps

SKIPPED = 77
LONGEST_S = 540  # then everything is ended, before ctest would do it
# All that a shell, a line of #SBATCH and a pattern of Slurm could stumble over.
FOLDER = "it's a #50% \"folder\" $HOME"


FACTS = []


def fact(function):
    FACTS.append(function.__name__)
    return function


class Facts:
    def __init__(self, cluster, sweeps):
        self.cluster, self.sweeps = cluster, sweeps
        sweeps.good(sweeps.sweep("local", "-j", "2"))
        self.table = sweeps.table("local")

    def same(self, name):
        assert self.sweeps.table(name) == self.table, f"{name}: another table than that of -j 2"

    def jobs(self):
        """Arrays that Slurm was given so far."""
        listed = self.cluster.ask("squeue", "--noheader", "--states=all", "--format=%F").stdout.split()
        return len(set(listed))

    def at_work(self):
        return self.cluster.ask("squeue", "--noheader", "--format=%F").stdout.split()

    @fact
    def an_array_gives_the_table_of_processes(self):
        ended = self.sweeps.good(self.sweeps.sweep("array", "--engine", "slurm", "-j", "4", "--sbatch", "time=10"))
        assert "30 points: 24 done, 6 infeasible, 0 failed" in ended.out, ended.out
        assert not self.sweeps.folder.joinpath("array.db.parts").exists(), "what tasks left is in the database"
        self.same("array")

    @fact
    def a_lost_node_a_killed_sweep_and_a_lost_controller_cost_nothing(self):
        before = self.jobs()
        first = self.sweeps.start("killed", "--engine", "slurm", "-j", "2")
        self.sweeps.until_answers("killed", 4, first)
        self.sweeps.kill(first)
        first.communicate()
        self.cluster.crash("n1")
        second = self.sweeps.start("killed", "--engine", "slurm", "-j", "2", "--resume")
        self.cluster.end_daemons(kept=[name for name in self.cluster.daemons if name != "slurmctld"])
        time.sleep(1)
        self.cluster.control()
        self.cluster.until_down("n1")
        self.cluster.boot("n1")
        self.sweeps.good(self.sweeps.finish(second))
        assert self.jobs() == before + 1, f"{before} arrays and then {self.jobs()}: the array of the killed process is gone on with, and no other is submitted"
        self.same("killed")

    @fact
    def tasks_that_end_early_are_named_and_their_points_submitted_again(self):
        process = self.sweeps.start("lost", "--engine", "slurm", "-j", "2", "--sbatch", "no-requeue")
        self.sweeps.until_answers("lost", 4, process)
        self.cluster.crash("n2")
        ended = self.sweeps.finish(process)
        self.cluster.boot("n2")
        assert ended.status == 1, ended.err
        assert "points without an answer" not in ended.out and "without an answer: task" in ended.err, ended.err
        assert "NODE_FAIL" in ended.err and "lost.db.parts/array-1-*.log" in ended.err, ended.err
        answered = self.sweeps.states("lost")
        assert 4 <= answered["done"] + answered["infeasible"] < 30, answered
        assert answered["interrupted"] > 0 and "failed" not in answered, answered
        self.sweeps.good(self.sweeps.sweep("lost", "--engine", "slurm", "-j", "2", "--resume"))
        assert not self.sweeps.folder.joinpath("lost.db.parts").exists()
        self.same("lost")

    @fact
    def ctrl_c_ends_the_array_and_loses_nothing(self):
        process = self.sweeps.start("stopped", "--engine", "slurm", "-j", "2")
        self.sweeps.until_answers("stopped", 3, process)
        self.sweeps.kill(process, signal.SIGINT)
        ended = self.sweeps.finish(process)
        assert ended.status == 130, (ended.status, ended.err)
        assert not self.at_work(), "its array is cancelled"
        states = self.sweeps.states("stopped")
        assert states.get("interrupted", 0) > 0 and states.get("done", 0) + states.get("infeasible", 0) >= 3, states
        # Whoever goes on need not be on the cluster.
        self.sweeps.good(self.sweeps.sweep("stopped", "-j", "2", "--resume"))
        self.same("stopped")

    @fact
    def a_script_is_submitted_by_hand_and_collected(self):
        ended = self.sweeps.good(self.sweeps.sweep("typed", "--emit", "slurm", "-j", "3"))
        script = self.sweeps.folder / "typed.db.sbatch"
        assert f"wrote {script}" in ended.out and "kiln sweep collect" in ended.out, ended.out
        assert not self.at_work(), "nothing was submitted"
        # From elsewhere, as a user would.
        subprocess.run(["sbatch", script], cwd="/", env=self.sweeps.environment, check=True, capture_output=True)
        self.cluster.until(lambda: not self.at_work(), "the array has ended", seconds=120)
        self.sweeps.good(self.sweeps.run(self.sweeps.kiln, "sweep", "collect", self.sweeps.database("typed")))
        self.same("typed")

    @fact
    def what_sbatch_refuses_is_said_in_its_words(self):
        ended = self.sweeps.sweep("refused", "--engine", "slurm", "--sbatch", "partition=none")
        assert ended.status == 2 and "sbatch: " in ended.err and "Invalid partition name specified" in ended.err, ended.err
        assert ended.err.count("\n") == 1, ended.err
        self.sweeps.good(self.sweeps.sweep("refused", "-j", "2", "--resume"))
        self.same("refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kiln", required=True, help="the program")
    parser.add_argument("--only", default="", help="facts whose names have this in them")
    parser.add_argument("--spec", default=pathlib.Path(__file__).with_name("spec.json"))
    arguments = parser.parse_args()
    chosen = [name for name in FACTS if arguments.only in name]
    if not chosen:
        parser.error(f"--only {arguments.only}: one of {', '.join(FACTS)} is expected")
    lacking = slurm.missing()
    if lacking and os.environ.get("KILN_NO_SLURM"):
        print(f"skipped, since KILN_NO_SLURM is set: not on this machine: {', '.join(lacking)}")
        return SKIPPED

    def too_long(*_):
        raise TimeoutError(f"not done in {LONGEST_S} s")
    signal.signal(signal.SIGALRM, too_long)
    signal.signal(signal.SIGTERM, too_long)
    signal.alarm(LONGEST_S)
    began = time.monotonic()
    failed = 0
    with slurm.Cluster(nodes=2) as cluster, tempfile.TemporaryDirectory(prefix="kiln-") as scratch:
        folder = pathlib.Path(scratch) / FOLDER
        folder.mkdir()
        facts = Facts(cluster, Sweeps(arguments.kiln, arguments.spec, folder, cluster.environment))
        print(f"a cluster of two nodes and a table ({time.monotonic() - began:.1f} s)", flush=True)
        for name in chosen:
            start = time.monotonic()
            try:
                getattr(facts, name)()
                print(f"ok     {name} ({time.monotonic() - start:.1f} s)", flush=True)
            except (AssertionError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"FAILED {name} ({time.monotonic() - start:.1f} s): {error}", flush=True)
        if failed:
            print(cluster.logs())
    print(f"{'some facts do not hold' if failed else 'all hold'} ({time.monotonic() - began:.1f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
