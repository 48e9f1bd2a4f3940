# SPDX-License-Identifier: Apache-2.0
"""Processes of tacho as they run: who is what, what it may; and another user who tries everything."""
import ctypes
import json
import os
import pathlib
import re
import socket
import threading
import time

NOBODY = 65534
SECURITY = pathlib.Path(__file__).parents[2] / "docs/SECURITY.md"
# linux/capability.h, in its order.
NAMES = ("chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable "
         "net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot "
         "sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease "
         "audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read "
         "perfmon bpf checkpoint_restore").split()


def names_of(mask):
    return {name for bit, name in enumerate(NAMES) if mask >> bit & 1}


def mask_of(names):
    return sum(1 << NAMES.index(name) for name in names)


def documented(ours):
    """{process: {who: its capabilities}}, of the document; `ours` are those of the caller."""
    lines = [[cell.strip() for cell in line.strip("|\n").split("|")]
             for line in SECURITY.read_text().splitlines() if line.startswith("|")]
    columns, rows = lines[0][1:], lines[2:]
    named = {"all": ours, "none": set(), "-": None}
    return {row[0]: {who: named[cell] if cell in named else set(cell.split()) & ours
                     for who, cell in zip(columns, row[1:], strict=True)} for row in rows}


def sets_of(pid):
    """The sets of capabilities of a process: permitted, effective, inheritable, ambient, bounding."""
    found = re.findall(r"^Cap(\w+):\s+([0-9a-f]+)$", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)
    return {name: names_of(int(mask, 16)) for name, mask in found}


def descendants(pid):
    """Of all its threads, itself included."""
    yield pid
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from descendants(int(child))


def role_of(pid, parent_role):
    """What the document calls it; None for what is not tacho's, or is about to become something else."""
    name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    if words == [b""]:
        raise ProcessLookupError(f"{pid} ended, and is not waited for yet")
    if name == "tacho-bpf":
        return "tacho-bpf"
    if name == "tacho-reader":
        if parent_role in ("reader", "reader of a foreign file"):
            return "reader of a foreign file"
        return "sealer" if words[1] == b"seal" and parent_role is not None else "reader"
    if name == "tacho":
        return {None: "supervisor" if b"run" in words else "recorder", "supervisor": "recorder"}.get(parent_role)
    return None


class Watch:
    """Looks at a process and all its descendants again and again. `seen` has the last look at each: what
    a process gives up it gives up as its first deed, and a look may come before that."""

    def __init__(self, pid, look=lambda pid: sets_of(pid)):
        self.pid, self.look = pid, look
        self.seen = {}  # pid: (role, what was seen)
        self.ending = False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        parents = {self.pid: None}
        while not self.ending:
            self.look_at(self.pid, None)
            time.sleep(0.0005)

    def look_at(self, pid, parent_role):
        try:
            role = role_of(pid, parent_role)
            if role is None:
                self.seen.pop(pid, None)  # the command, once it is no copy of tacho any more
            else:
                self.seen[pid] = (role, self.look(pid))
            for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                for child in path.read_text().split():
                    self.look_at(int(child), role)
        except (OSError, IndexError):
            pass  # it has just ended

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending = True
        self.thread.join()

    def roles(self):
        return {role for role, _ in self.seen.values()}


def succeeds(deed):
    try:
        return deed() is not False
    except OSError:
        return False


def link_to(path):
    link = f"/tmp/tacho-test-link-{os.getpid()}"
    os.link(path, link)
    os.unlink(link)


def try_path(path):
    yield "read", lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    yield "write", lambda: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_APPEND))
    yield "change mode", lambda: os.chmod(path, 0o777)
    yield "change times", lambda: os.utime(path)
    yield "give away", lambda: os.chown(path, NOBODY, NOBODY)
    yield "link to", lambda: link_to(path)
    if os.path.isdir(path):
        yield "list", lambda: os.listdir(path)
        yield "make in", lambda: os.mkdir(path + "/planted")
    for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM, socket.SOCK_DGRAM):
        yield "connect", lambda kind=kind: socket.socket(socket.AF_UNIX, kind).connect(path)


def try_process(pid):
    libc = ctypes.CDLL(None, use_errno=True)
    for name in ("mem", "environ", "maps", "auxv", "io", "stack", "syscall", "numa_maps", "pagemap"):
        # Some of them open for everybody, and only then look who reads.
        yield name, lambda name=name: open(f"/proc/{pid}/{name}", "rb", buffering=0).read(1) != b""
    yield "write to mem", lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_WRONLY))
    for name in ("fd", "fdinfo", "map_files"):
        yield name, lambda name=name: os.listdir(f"/proc/{pid}/{name}")
    for name in ("exe", "cwd", "root", "fd/0", "fd/3", "ns/mnt"):
        yield name, lambda name=name: os.readlink(f"/proc/{pid}/{name}")
    yield "seize", lambda: libc.ptrace(0x4206, pid, None, None) == 0
    yield "attach", lambda: libc.ptrace(16, pid, None, None) == 0
    for number in (0, 18, 15):
        yield f"signal {number}", lambda number=number: os.kill(pid, number)
    yield "affinity", lambda: os.sched_setaffinity(pid, {0})
    yield "nice", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19)
    yield "take a descriptor", lambda: libc.syscall(438, os.pidfd_open(pid), 1, 0) >= 0
    yield "oom score", lambda: os.close(os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY))


def attack(user, paths=(), pids=()):
    """What this user could do: a list of (whom, what). In a process of its own."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        done = []
        try:
            os.setsid()  # in a session everybody may send SIGCONT
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            for paths_or_pids, ways in ((paths, try_path), (pids, try_process)):
                for whom in paths_or_pids:
                    done += [(str(whom), name) for name, deed in ways(whom) if succeeds(deed)]
            os.write(write_end, json.dumps(done).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)
