# SPDX-License-Identifier: Apache-2.0
"""What the figures are measured with: CPU time of a program and all it starts, memory, the load, and
the other tools. Everything that is started here is ended by its id."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import struct
import subprocess
import time

CPUACCT = pathlib.Path("/sys/fs/cgroup/cpuacct")
TICK = os.sysconf("SC_CLK_TCK")


def cpu_of_tree(pid):
    """CPU seconds of a process and its children that ended (10 ms steps)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / TICK


class Meter:
    """CPU seconds of one program and everything it starts: exact by a control group, where one can
    be made; else by /proc."""

    made = 0

    def __init__(self):
        self.group = None
        self.pid = None
        Meter.made += 1
        group = CPUACCT / f"tacho-bench-{os.getpid()}-{Meter.made}"
        with contextlib.suppress(OSError):
            group.mkdir()
            self.group = group

    @staticmethod
    def source():
        return "control group cpuacct" if os.access(CPUACCT, os.W_OK) else "/proc/PID/stat"

    def enter(self):
        """In the child, before the program."""
        if self.group:
            (self.group / "cgroup.procs").write_text("0")

    def read(self):
        if self.group:
            return int((self.group / "cpuacct.usage").read_text()) / 1e9
        return cpu_of_tree(self.pid)

    def pids(self):
        """Of the program and what it started, where that is known; else of the program."""
        if self.group:
            return [int(pid) for pid in (self.group / "cgroup.procs").read_text().split()]
        return [self.pid]

    def close(self):
        if not self.group:
            return
        for _ in range(50):  # its last process may still be on its way out
            with contextlib.suppress(OSError):
                self.group.rmdir()
                return
            time.sleep(0.02)


def resident(pid):
    """Resident now and at its highest, in MiB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in status.splitlines()
           if line.startswith(("VmRSS", "VmHWM"))}
    if len(kib) < 2:
        raise RuntimeError(f"process {pid} has ended")
    return kib["VmRSS"] / 1024, kib["VmHWM"] / 1024


class Program:
    """A program that runs while something is measured, as another user if one is named."""

    def __init__(self, arguments, environment=None, output=subprocess.DEVNULL, user=None,
                 stop=signal.SIGINT):
        self.meter = Meter()
        self.stop = stop
        self.user = pwd.getpwnam(user) if user else None
        self.died = None
        self.highest_sum = 0.0
        self.process = subprocess.Popen(
            arguments, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.DEVNULL, preexec_fn=self.begin)
        self.meter.pid = self.process.pid

    def begin(self):
        """In the child, before the program."""
        self.meter.enter()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background has it ignored
        if self.user:
            os.setgroups([])
            os.setgid(self.user.pw_gid)
            os.setuid(self.user.pw_uid)

    def cpu(self):
        return self.meter.read()

    def memory(self):
        """Resident now and at its highest, in MiB; the highest with what it started, as far as
        `look_at_memory` saw that."""
        now, highest = resident(self.process.pid)
        return now, max(highest, self.highest_sum)

    def look_at_memory(self):
        total = 0.0
        for pid in self.meter.pids():
            with contextlib.suppress(OSError, RuntimeError):  # it has ended, or is about to
                total += resident(pid)[0]
        self.highest_sum = max(self.highest_sum, total)

    def end(self, number=None, limit=60):
        self.died = self.process.poll()
        if self.died is None:
            self.process.send_signal(number or self.stop)
        try:
            self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.meter.close()

    def check(self):
        """Once it was ended: that it ran until then."""
        if self.died is not None:
            raise RuntimeError(f"{self.process.args[0]} ended by itself with {self.died}")


@contextlib.contextmanager
def running(programs, number=None):
    """Ends them all in the end, and says when one of them did not last until then."""
    try:
        yield
    finally:
        for program in programs:
            program.end(number)
    for program in programs:
        program.check()


@contextlib.contextmanager
def load(programs, processes, percent=5, period=100, threads=1):
    """So many processes, that share of them awake every `period` milliseconds."""
    if processes == 0:
        yield
        return
    numbers = [str(number) for number in (processes, percent, period, threads)]
    with subprocess.Popen([programs / "bench_load", *numbers], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        try:
            if int(process.stdout.readline()) != processes:
                raise RuntimeError(f"this machine does not allow {processes} processes")
            time.sleep(1)  # they are made, but not yet asleep
            yield
        finally:
            process.stdin.close()


def find_tools():
    """The other tools by name: a path, or None."""
    found = {name: shutil.which(name) for name in ("pidstat", "atop", "pmlogger")}
    places = ["/usr/lib/sysstat/sadc", "/usr/lib64/sa/sadc", "/usr/local/lib/sa/sadc"]
    found["sadc"] = next((place for place in places if os.access(place, os.X_OK)), None)
    return found


def live_bytes(path):
    """The bytes that a live file really holds: it is grown ahead of its end marker."""
    data = path.read_bytes()
    at = 0
    while at + 8 <= len(data):
        _, size = struct.unpack_from("<II", data, at)
        if size == 0:
            return at + 8
        message = at + 8 + struct.unpack_from("<I", data, at + 8)[0]
        table = message - struct.unpack_from("<i", data, message)[0]
        field = 4 + 2 * 3  # bodyLength is the fourth field of Arrow's Message
        offset = 0
        if field < struct.unpack_from("<H", data, table)[0]:
            offset = struct.unpack_from("<H", data, table + field)[0]
        body = struct.unpack_from("<q", data, message + offset)[0] if offset else 0
        at += 8 + size + body
    return len(data)


def machine():
    """One line that says what the figures were measured on."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), os.uname().machine)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = "Linux"
    with contextlib.suppress(OSError):
        lines = pathlib.Path("/etc/os-release").read_text().splitlines()
        system = next(line.split("=")[1].strip('"') for line in lines
                      if line.startswith("PRETTY_NAME="))
    processes = sum(name.isdigit() for name in os.listdir("/proc"))
    return (f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, {system}, "
            f"kernel {os.uname().release}, {processes} processes before any load, load average "
            f"{os.getloadavg()[0]:.1f}; CPU time by {Meter.source()}")
