"""The programs of two revisions, each built in its own worktree."""
import os
import shutil
import subprocess


def program_of(root, revision, work, name, jobs):
    """Builds `kiln` of a revision below `work` and returns (program, tree). What is built already is kept."""
    tree = work / "trees" / name
    commit = subprocess.run(["git", "-C", root, "rev-parse", f"{revision}^{{commit}}"], capture_output=True, text=True)
    if commit.returncode:
        raise SystemExit(f"compare-revisions: {revision} is no revision here: {commit.stderr.strip()}")
    commit = commit.stdout.strip()
    if not tree.exists():
        tree.parent.mkdir(parents=True, exist_ok=True)
        call(["git", "-C", root, "worktree", "add", "--detach", tree, commit])
    call(["git", "-C", tree, "checkout", "--detach", commit])
    configure = ["cmake", "--preset", "release", "-DKILN_TESTS=OFF"]
    if shutil.which("ccache"):
        configure.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    environment = {**os.environ, "CCACHE_BASEDIR": str(tree), "CCACHE_NOHASHDIR": "1"}
    call(configure, cwd=tree, env=environment)
    call(["cmake", "--build", "--preset", "release", "--target", "kiln", "-j", str(jobs)], cwd=tree, env=environment)
    return tree / "build" / "release" / "kiln", tree


def remove(root, work):
    for tree in sorted((work / "trees").glob("*")):
        subprocess.run(["git", "-C", root, "worktree", "remove", "--force", tree], check=False)


def call(command, **more):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise SystemExit(f"compare-revisions: {' '.join(map(str, command))} failed:\n{done.stdout[-4000:]}")
