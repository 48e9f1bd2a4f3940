# SPDX-License-Identifier: Apache-2.0
"""The first process of a pid namespace: a recorder, and a storm of processes beside it.

argv: tacho, the recording, where to write what was done, how many processes, "stopped" or "running":
whether the recorder sleeps through the storm, so that the kernel has to count what it does not take.
Nobody else's processes are seen in the namespace: what happens is known exactly.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

tacho, recording, answer, many, state = sys.argv[1:]
interval = 0.05  # seconds
# A look for processes whose end got lost comes every 60 ticks.
settled = 70 * interval + 3


def wait_until(condition, limit=30):
    deadline = time.monotonic() + limit
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)
    return value


def recorder_of(supervisor):
    """The child that is tacho as well, once the command is its own program."""
    children = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        name, fields = stat.read_text().rsplit(")", 1)
        if int(fields.split()[1]) == supervisor:
            children[name.split("(")[1]] = int(stat.parent.name)
    return children.get("tacho") if "cat" in children else None


def is_told(words):
    """Whether an event has the words; a journal holds texts as they are."""
    return any(words in path.read_bytes() for path in pathlib.Path(recording).glob("event/live-*"))


def memory_of(pid):
    """Highest resident memory so far, bytes."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


# Its end is not waited for by a sealing that waits itself while the machine is short of memory.
supervisor = subprocess.Popen([tacho, "run", "--interval", f"{interval}s", "--processes=bpf", "--quiet",
                               "--output", recording, "--", "cat"], stdin=subprocess.PIPE)
recorder = wait_until(lambda: recorder_of(supervisor.pid))
wait_until(lambda: is_told(b"process.source"))
if state == "stopped":
    os.kill(recorder, signal.SIGSTOP)
# No program is executed: of each there are two events, its birth and its end. Twenty at once, since one
# after the other each waits for its turn on a busy machine.
twenty = "(exit 3) & " * 20
storm = subprocess.Popen(["sh", "-c", f"i=0; while [ $i -lt {many} ]; do {twenty} wait; i=$((i+20)); done"])
status = storm.wait()
assert status == 0, f"the storm ended with {status}"
os.kill(recorder, signal.SIGCONT)
time.sleep(settled)
done = {"parent": storm.pid, "memory": memory_of(recorder)}
supervisor.stdin.close()
done["status"] = supervisor.wait()
pathlib.Path(answer).write_text(json.dumps(done))
