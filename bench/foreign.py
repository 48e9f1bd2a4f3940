# SPDX-License-Identifier: Apache-2.0
"""The report of another program's large CSV file, beside pandas reading it."""
import os
import random
import shutil
import subprocess
import sys
import time

SIZE = 10**9
# What others do at least before they can say anything: read the file and describe the columns.
OTHERS = {
    "pandas": """
import sys, pandas
frame = pandas.read_csv(sys.argv[1])
print(frame.describe().to_string())
""",
    "duckdb": """
import sys, duckdb
duckdb.sql("set threads to 2")
print(duckdb.sql(f"summarize from read_csv('{sys.argv[1]}')"))
"""}


def write_lines(path, size, header, lines_from):
    """`lines_from(second, step)` gives the lines of 10,000 steps. Returns the file's bytes."""
    second, step = 1_763_990_000, 0
    with open(path, "w", encoding="ascii") as file:
        written = file.write(header + "\n")
        while written < size:
            written += file.write("".join(lines_from(second, step)))
            second += 10_000
            step += 10_000
    return written


def write_plain(path, size):
    """A row a second: time, 12 gauges, 6 counters."""
    rng = random.Random(1)
    header = ",".join(["timestamp", *(f"gauge_{n}" for n in range(12)), *(f"requests_{n}_total" for n in range(6))])
    rests = [",".join([f"{rng.random() * 100:.3f}" for _ in range(6)] +
                      [str(rng.randrange(10**8)) for _ in range(6)]) for _ in range(10_000)]
    start, steps = [rng.randrange(10**9) for _ in range(6)], (17, 1234, 3, 999, 1, 50)

    def lines(second, step):
        for n, rest in enumerate(rests):
            counts = ",".join(str(first + by * (step + n)) for first, by in zip(start, steps))
            yield f"{second + n},{rest},{counts}\n"
    return write_lines(path, size, header, lines)


def write_wide(path, size):
    """As the system tracer writes it: local times, 16 CPUs, all digits of shares and rates."""
    rng = random.Random(2)
    counters = ["disk_read_bytes", "disk_write_bytes", "disk_read_count", "disk_write_count", "disk_busy_time",
                "net_bytes_sent", "net_bytes_recv", "net_packets_sent", "net_packets_recv"]
    header = ",".join(["timestamp", "sys_total", "sys_used", "sys_free", *(f"cpu_{n}_utilization" for n in range(16)),
                       "total_open_files", "max_files_process", "fd_used", "fd_max", "fd_usage_percent", *counters,
                       "system_process_count", "system_thread_count", *(f"{name}_per_sec" for name in counters)])
    begins = [",".join(["16735940608", str(rng.randrange(10**9, 10**10)), str(rng.randrange(10**9, 10**10)),
                        *(str(round(rng.random() * 100, 1)) for _ in range(16)),
                        str(rng.randrange(10**4)), f"python3({rng.randrange(10**5)})", str(rng.randrange(10**4)),
                        "9223372036854775807", str(rng.random() / 100)]) for _ in range(10_000)]
    ends = [",".join([str(rng.randrange(400)), str(rng.randrange(2000)),
                      *(str(rng.random() * 10**6) for _ in counters)]) for _ in range(10_000)]

    def lines(second, step):
        for n, (begin, end) in enumerate(zip(begins, ends)):
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second + n))
            counts = ",".join(str(10**10 + (step + n) * by) for by in range(1000, 10_000, 1000))
            yield f"{moment}.{n:06},{begin},{counts},{end}\n"
    return write_lines(path, size, header, lines)


def write_long(path, size):
    """Twenty rows for a time: which host, and four figures of it."""
    rng = random.Random(3)
    rests = [f"host-{n % 20},{rng.random() * 100:.2f},{rng.randrange(10**10)},{rng.random():.4f},{rng.randrange(500)}\n"
             for n in range(10_000)]
    begin = 1_763_990_000
    return write_lines(path, size, "timestamp,host,cpu_percent,used_bytes,load,processes",
                       lambda _, step: (f"{begin + (step + n) // 20},{rest}" for n, rest in enumerate(rests)))


KINDS = {"a row a second, 19 columns": write_plain, "a wide file of the system tracer, 16 CPUs": write_wide,
         "20 rows for a time": write_long}


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


def other_text(name, program, path, size):
    try:
        return f"{name} " + figure_text(size, seconds_and_memory([sys.executable, "-c", program, str(path)], os.environ))
    except RuntimeError:
        return f"{name} is not here"


def report_of(bench, name, write):
    """The file is in the page cache: it has just been written, and is read once before."""
    path = bench.scratch / "foreign.csv"
    wanted = SIZE // 4 if bench.quick else SIZE
    if shutil.disk_usage(bench.scratch).free < 2 * wanted:
        raise RuntimeError(f"{bench.scratch} has no room for {wanted} bytes")
    size = write(path, wanted)
    try:
        lines = seconds_and_memory(["wc", "-l", str(path)], os.environ)
        mine = min(seconds_and_memory([bench.tacho, "report", str(path)], bench.environment) for _ in range(3))
        others = [other_text(other, program, path, size) for other, program in OTHERS.items()]
    finally:
        path.unlink()
    return (f"`report` of a CSV file of another program, {size / 1e9:.2f} GB: {name}",
            "; ".join([*others, f"`wc -l` {size / lines[0] / 1e9:.1f} GB/s"]),
            figure_text(size, mine), "1 GB/s on two cores, 300 MiB")


def reports(bench):
    return [report_of(bench, name, write) for name, write in KINDS.items()]
