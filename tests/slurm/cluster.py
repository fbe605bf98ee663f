"""A real Slurm on this machine, for a test: munged, slurmctld and a slurmd for each node, in a temporary folder.

    with Cluster(nodes=2) as cluster:
        subprocess.run(["sbatch", ...], env=cluster.environment)
        cluster.crash("n1")      # the node's daemon and everything that runs on it, at once
        cluster.boot("n1")

Nothing of the machine's own Slurm is read or touched: configuration, key, socket, state and ports are the cluster's own, so that
several run side by side, as root or not, without systemd and without cgroups. Whoever starts it becomes the parent of whatever its
daemons leave, and ends all of it by process id, after a failure too.
"""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmstepd", "sbatch", "squeue", "scancel", "scontrol")
PLACES = ("/usr/sbin", "/usr/local/sbin", "/sbin")  # of daemons; not on everybody's PATH
START_S = 30
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36

CONFIGURATION = """\
ClusterName=kiln
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
# A job whose node has failed waits until its credentials have expired before it is started again.
AuthInfo=socket={folder}/munge.socket,cred_expire=6
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmdSpoolDir={folder}/spool-%n
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
# A node that is gone is noticed at once, and is taken back as soon as it answers.
SlurmdTimeout=5
SlurmctldTimeout=4
MessageTimeout=4
BatchStartTimeout=2
KillWait=3
UnkillableStepTimeout=10
MinJobAge=3600
ReturnToService=2
JobRequeue=1
PropagateResourceLimits=NONE
{nodes}
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """Programs of Slurm and munge that this machine lacks."""
    return [name for name in PROGRAMS if found(name) is None]


def found(name):
    if name == "slurmstepd":  # no command of anybody's
        return next((str(path) for path in pathlib.Path("/usr").glob("**/slurmstepd*") if path.is_file()), None)
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *PLACES)))


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def parents():
    """Process -> its parent, of all that there are."""
    table = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = pathlib.Path("/proc", entry, "stat").read_text()
        except OSError:
            continue  # it has ended
        table[int(entry)] = int(text.rpartition(")")[2].split()[1])
    return table


def descendants(process):
    table, family, more = parents(), [], [process]
    while more:
        more = [child for child, parent in table.items() if parent in more]
        family += more
    return family


def end(process, how):
    try:
        os.kill(process, how)
    except ProcessLookupError:
        pass


class Cluster:
    """Nodes are n1, n2 and so on."""

    def __init__(self, nodes=2, cpus=1):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kiln-slurm-"))
        self.nodes = [f"n{i + 1}" for i in range(nodes)]
        self.cpus = cpus
        self.daemons = {}
        self.before = set()
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"),
                            "PATH": os.pathsep.join((os.environ.get("PATH", ""), *PLACES))}
        for name in list(self.environment):  # of whoever runs this test as a job
            if name.startswith(("SLURM_", "SBATCH_", "SQUEUE_", "SCANCEL_")) and name != "SLURM_CONF":
                del self.environment[name]

    def __enter__(self):
        lacking = missing()
        if lacking:
            raise RuntimeError(f"not on this machine: {', '.join(lacking)}; scripts/install-packages slurm installs them")
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.before = set(descendants(os.getpid()))
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        (self.folder / "state").mkdir()
        for node in self.nodes:
            (self.folder / f"spool-{node}").mkdir()
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))
        self.daemon("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                    f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                    f"--seed-file={self.folder}/munged.seed", "--num-threads=2")
        self.until(lambda: (self.folder / "munge.socket").exists(), "munged makes its socket", "munged")
        for attempt in range(3):  # between the look for a port and its use somebody else may take it
            self.configure()
            self.control()
            for node in self.nodes:
                self.boot(node)
            try:
                self.until(lambda: all(self.state(node) == "idle" for node in self.nodes), "all nodes are idle")
                return
            except RuntimeError:
                if attempt == 2:
                    raise
                self.end_daemons(kept=("munged",))

    def configure(self):
        ports = free_ports(1 + len(self.nodes))
        lines = [f"NodeName={node} NodeHostname={self.host()} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus} RealMemory=1024 "
                 "State=UNKNOWN" for node, port in zip(self.nodes, ports[1:])]
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            host=self.host(), controller_port=ports[0], user=self.user(), folder=self.folder, nodes="\n".join(lines)))

    @staticmethod
    def host():
        return socket.gethostname().split(".")[0]

    @staticmethod
    def user():
        import pwd
        return pwd.getpwuid(os.getuid()).pw_name

    def daemon(self, name, *arguments, title=None):
        """In the foreground, so that its process id is known."""
        title = title or name
        log = open(self.folder / f"{title}.out", "ab")
        libc = ctypes.CDLL(None)
        self.daemons[title] = subprocess.Popen(
            [found(name), *arguments], env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0))
        log.close()

    def control(self):
        """Starts the controller, or starts it again with what it knew."""
        self.daemon("slurmctld", "-D")

    def boot(self, node):
        self.daemon("slurmd", "-D", "-N", node, title=node)

    def crash(self, node):
        """The node's daemon, its jobs and all that they started."""
        daemon = self.daemons.pop(node)
        jobs = [process for process in descendants(os.getpid()) if self.is_of(process, node)]
        # A job's keeper was orphaned when it began, so that its parent is this process.
        table, known = parents(), {each.pid for each in self.daemons.values()} | {os.getpid()}
        keepers = {table.get(process) for process in jobs} - known - {None, 1}
        # Keepers first: none is to tell the controller how its job ended.
        for process in (*keepers, daemon.pid, *descendants(daemon.pid), *jobs):
            end(process, signal.SIGKILL)
        daemon.wait()

    @staticmethod
    def is_of(process, node):
        """Whether a process runs for a job on the node."""
        try:
            variables = pathlib.Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return f"SLURMD_NODENAME={node}".encode() in variables

    def state(self, node):
        done = self.ask("sinfo", "-h", "-n", node, "-o", "%T")
        return done.stdout.strip()

    def until_down(self, node):
        """Until the controller knows of a crash: from then on a boot is the quickest way back."""
        self.until(lambda: "down" in self.state(node), f"{node} is seen to be down")

    def ask(self, *arguments):
        return subprocess.run(arguments, env=self.environment, capture_output=True, text=True, timeout=60)

    def until(self, holds, what, *daemons, seconds=START_S):
        limit = time.monotonic() + seconds
        while not holds():
            ended = [name for name in daemons or self.daemons if self.daemons[name].poll() is not None]
            if ended or time.monotonic() > limit:
                raise RuntimeError(f"{what}: not within {seconds} s{'; ended: ' if ended else ''}{', '.join(ended)}\n{self.logs()}")
            time.sleep(0.05)

    def logs(self):
        """The last of what each daemon said."""
        text = ""
        for path in sorted([*self.folder.glob("*.out"), *self.folder.glob("munged.log")]):
            lines = path.read_text(errors="replace").splitlines()[-12:]
            text += f"-- {path.name}\n" + "\n".join(lines) + "\n"
        return text

    def end_daemons(self, kept=()):
        ending = {name: daemon for name, daemon in self.daemons.items() if name not in kept}
        for how, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            for daemon in ending.values():
                if daemon.poll() is None:
                    end(daemon.pid, how)
            limit = time.monotonic() + seconds
            while any(daemon.poll() is None for daemon in ending.values()) and time.monotonic() < limit:
                time.sleep(0.02)
        for name in ending:
            del self.daemons[name]

    def stop(self):
        self.end_daemons(kept=("munged",))
        for _ in range(100):  # what jobs left; each round may orphan more
            left = [process for process in descendants(os.getpid())
                    if process not in self.before and all(process != daemon.pid for daemon in self.daemons.values())]
            if not left:
                break
            for process in left:
                end(process, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
            time.sleep(0.02)
        self.end_daemons()
        shutil.rmtree(self.folder, ignore_errors=True)
