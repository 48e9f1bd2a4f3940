# SPDX-License-Identifier: Apache-2.0
"""The report of another program's large CSV file, beside pandas reading it."""
import os
import random
import shutil
import subprocess
import sys
import time

SIZE = 10**9
# What pandas does at least before it can say anything: read the file and describe the columns.
PANDAS = """
import sys, pandas
frame = pandas.read_csv(sys.argv[1])
print(frame.describe().to_string())
"""


def write_csv(path, size):
    """A row a second: time, 12 gauges, 6 counters. Returns its bytes."""
    rng = random.Random(1)
    gauges = [f"gauge_{n}" for n in range(12)]
    counters = [f"requests_{n}_total" for n in range(6)]
    rests = [",".join([f"{rng.random() * 100:.3f}" for _ in range(6)] +
                      [str(rng.randrange(10**8)) for _ in range(6)]) for _ in range(10_000)]
    second, counts, written = 1_763_990_000, [rng.randrange(10**9) for _ in counters], 0
    with open(path, "w", encoding="ascii") as file:
        written += file.write(",".join(["timestamp", *gauges, *counters]) + "\n")
        while written < size:
            lines = []
            for rest in rests:
                counts = [counts[0] + 17, counts[1] + 1234, counts[2] + 3, counts[3] + 999, counts[4] + 1, counts[5] + 50]
                lines.append("%d,%s,%d,%d,%d,%d,%d,%d\n" % (second, rest, *counts))
                second += 1
            written += file.write("".join(lines))
    return written


def seconds_and_memory(arguments, environment):
    """Wall seconds, CPU seconds with all children, and the highest sum of resident memory in MiB."""
    start = time.monotonic()
    process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    highest = 0
    while process.poll() is None:
        highest = max(highest, resident_of_tree(process.pid))
        time.sleep(0.005)
    if process.returncode != 0:
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}")
    return time.monotonic() - start, highest


def resident_of_tree(pid):
    """MiB of a process and its children; pages that both have count twice."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            with open(f"/proc/{one}/statm", encoding="ascii") as file:
                total += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
                waiting += map(int, file.read().split())
        except OSError:
            continue  # it has ended
    return total / 2**20


def figure_text(size, measured):
    seconds, memory = measured
    return f"{size / seconds / 1e9:.2f} GB/s, {memory:.0f} MiB"


def reports(bench):
    """The file is in the page cache: it has just been written, and is read once before."""
    path = bench.scratch / "foreign.csv"
    wanted = SIZE // 4 if bench.quick else SIZE
    if shutil.disk_usage(bench.scratch).free < 2 * wanted:
        raise RuntimeError(f"{bench.scratch} has no room for {wanted} bytes")
    size = write_csv(path, wanted)
    try:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass
        mine = min(seconds_and_memory([bench.tacho, "report", str(path)], bench.environment) for _ in range(3))
        try:
            pandas = "pandas " + figure_text(size, seconds_and_memory([sys.executable, "-c", PANDAS, str(path)], os.environ))
        except RuntimeError:
            pandas = "pandas is not here"
    finally:
        path.unlink()
    return [(f"`report` of a CSV file of another program, {size / 1e9:.2f} GB, 19 columns", pandas,
             figure_text(size, mine), "1 GB/s on two cores, 300 MiB")]
