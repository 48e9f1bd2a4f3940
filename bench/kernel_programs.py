# SPDX-License-Identifier: Apache-2.0
"""What BPF programs cost in the kernel: it counts, when it is asked to, how long each ran."""
import contextlib
import ctypes
import os
import pathlib
import platform

CALLS = {"x86_64": 321, "aarch64": 280}
PROG_LOAD, RAW_TRACEPOINT_OPEN, ENABLE_STATS = 5, 17, 32  # of bpf(2)
RAW_TRACEPOINT = 17  # BPF_PROG_TYPE_RAW_TRACEPOINT
TRACING = "26"       # BPF_PROG_TYPE_TRACING
RETURN_0 = bytes.fromhex("b700000000000000" "9500000000000000")
# Where tacho tells of a process's life.
EVENTS = ("sched_process_fork", "sched_process_exec", "sched_process_exit", "sched_process_free")


def bpf(command, attributes):
    """What bpf(2) returns; below 0 where it is refused, or its number is not known."""
    if platform.machine() not in CALLS:
        return -1
    return ctypes.CDLL(None).syscall(CALLS[platform.machine()], command, ctypes.byref(attributes),
                                     ctypes.sizeof(attributes))


class Attributes(ctypes.Structure):
    """Of bpf(2) for PROG_LOAD, as far as we set them; zeros behind."""
    _fields_ = [("type", ctypes.c_uint32), ("count", ctypes.c_uint32), ("instructions", ctypes.c_char_p),
                ("license", ctypes.c_char_p), ("rest", ctypes.c_uint64 * 13)]


class Opening(ctypes.Structure):
    """Of bpf(2) for RAW_TRACEPOINT_OPEN."""
    _fields_ = [("name", ctypes.c_char_p), ("program", ctypes.c_uint32), ("padding", ctypes.c_uint32)]


def facts_of(descriptor):
    return dict(line.split(":\t", 1) for line in descriptor.read_text().splitlines() if ":\t" in line)


class EmptyPrograms:
    """Programs that do nothing, one at each of tacho's places: what the kernel counts for them is its own
    reading of the clock."""

    def __init__(self):
        self.programs, self.links = [], []
        for event in EVENTS:
            program = bpf(PROG_LOAD, Attributes(RAW_TRACEPOINT, len(RETURN_0) // 8, RETURN_0, b"GPL"))
            if program < 0:
                continue
            self.programs.append(program)
            link = bpf(RAW_TRACEPOINT_OPEN, Opening(event.encode(), program))
            if link >= 0:
                self.links.append(link)

    def read(self):
        """Seconds; None where they could not be had."""
        if len(self.links) != len(EVENTS):
            return None
        own = pathlib.Path("/proc/self/fdinfo")
        return sum(int(facts_of(own / str(program))["run_time_ns"]) for program in self.programs) / 1e9

    def close(self):
        for descriptor in self.links + self.programs:
            os.close(descriptor)


class KernelPrograms:
    """CPU seconds that the kernel spends in the BPF programs that a process has at its tracepoints, and what
    empty ones at the same places count meanwhile. It counts while a descriptor is open, and with us that is
    gone; needs CAP_SYS_ADMIN."""

    def __init__(self, pid):
        self.folder = pathlib.Path(f"/proc/{pid}/fdinfo")
        self.counting = bpf(ENABLE_STATS, (ctypes.c_uint32 * 32)())
        self.empty = EmptyPrograms()

    def read(self):
        """(spent, counted for empty ones); None where there are none, or the kernel does not count for us."""
        empty = self.empty.read()
        if self.counting < 0 or empty is None:
            return None
        times = {}
        for file in self.folder.iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                facts = facts_of(file)
                if facts.get("prog_type") == TRACING:
                    times[facts["prog_id"]] = int(facts["run_time_ns"])
        return (sum(times.values()) / 1e9, empty) if times else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.empty.close()
        if self.counting >= 0:
            os.close(self.counting)
