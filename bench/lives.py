# SPDX-License-Identifier: Apache-2.0
"""The figures of processes that come and go: what is seen of them, and what seeing them costs.
Each returns rows of the table: figure, others, tacho, goal."""
import json
import math
import os
import shutil
import signal
import statistics
import subprocess
import time

from figures import beside
from kernel_programs import KernelPrograms
from measuring import running

LIMIT = 300  # seconds, for any load: it has hung


def start_load(bench, *arguments):
    return subprocess.Popen([bench.programs / "bench_spawn", *map(str, arguments)],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def finish_load(process):
    try:
        text, _ = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        raise RuntimeError(f"bench_spawn ended with {process.returncode}")
    return text


def wait_until_settled(bench, recording, wanted="bpf"):
    """Until the best source of processes there is tells of them, and has done what it does once."""
    for _ in range(10 if os.geteuid() == 0 else 3):
        time.sleep(0.5)
        shown = bench.run("show", str(recording), "event", "--columns", "name,body", "--format",
                          "csv").stdout
        if f"come from {wanted}" in shown:
            break
    time.sleep(2)


def own_processes(bench, recording, parent):
    """The numbers of a load's children, and what is said of each (its last row)."""
    rows = bench.rows(recording, "process_info", "process,pid,arguments", "--where",
                      f"parent_pid = {parent}")
    return {row["process"]: row for row in rows}


def losses(recording):
    """Events of processes that the recorder says it lost; None: it cannot say."""
    missed = json.loads((recording / "recording.json").read_text())["processes_missed"]
    return None if missed["count"] == "unknown" else missed["count"]


# --- what is seen ---------------------------------------------------------------------------------

def seen_by_pidstat(path, pids):
    """Of a text whose rows have the pid in the column that the header calls PID."""
    seen, column = set(), None
    for line in path.read_text(errors="replace").splitlines():
        words = line.split()
        if "PID" in words:
            column = words.index("PID") - (words[0] == "#")
        elif column is not None and len(words) > column and words[column].isdigit():
            seen.add(int(words[column]))
    return len(seen & pids)


def seen_by_atop(bench, pids):
    """By what it prints of its own recording: label, host, seconds, date, time, interval, pid."""
    text = subprocess.run([bench.tools["atop"], "-r", bench.scratch / "atop.data", "-P", "PRG"],
                          stdout=subprocess.PIPE, text=True, check=False, timeout=LIMIT).stdout
    seen = {int(line.split()[6]) for line in text.splitlines() if line.startswith("PRG ")}
    return len(seen & pids)


def read_lives(text):
    """index -> pid, status, ns of CPU, bytes at the peak; the last two as counted from outside."""
    lives = {}
    for line in text.splitlines():
        kind, index, *values = line.split()
        life = lives.setdefault(int(index), {})
        if kind == "life":
            life["pid"], life["status"], life["cpu"] = map(int, values)
        else:
            life["peak"] = int(values[0])
    return lives


def worst_and_median(values, form):
    """Of differences: the one farthest from 0, with its sign."""
    values = list(values)
    if not values:
        return "not known"
    return f"{form(max(values, key=abs))} ({form(statistics.median(values))})"


def short_lives(bench):
    """1,000 programs of 5 ms and 20 MB in 10 s, beside what samples once a second."""
    count, recording = 1000, bench.new_recording()
    listing = bench.scratch / "pidstat.text"
    (bench.scratch / "atop.data").unlink(missing_ok=True)
    started = [bench.record(recording)]
    with running(started):
        wait_until_settled(bench, recording)
        with open(listing, "w", encoding="utf-8") as output:
            others = bench.others(["pidstat", "atop"], 60, output)
        started += others.values()
        time.sleep(2)
        process = start_load(bench, "lives", count, 10, 5, 20)
        lives = read_lives(finish_load(process))
        time.sleep(1.5)
    pids = {life["pid"] for life in lives.values()}
    counted = {name: seen_by_pidstat(listing, pids) if name == "pidstat" else
               seen_by_atop(bench, pids) for name in others}
    return compare_lives(bench, recording, process.pid, lives, counted)


def compare_lives(bench, recording, parent, lives, counted):
    info = own_processes(bench, recording, parent)
    exits = {row["process"]: row for row in
             bench.rows(recording, "process_exit", "process,pid,exit_code,cpu_time_user,"
                        "cpu_time_system,memory_peak") if row["process"] in info}
    ended = {int(row["pid"]): row for row in exits.values()}
    named = {int(row["pid"]): row["arguments"] for row in info.values()}
    with_arguments = with_status = 0
    cpu, peak = [], []
    for index, life in lives.items():
        row = ended.get(life["pid"])
        if row is None:
            continue
        with_arguments += f" work {index} " in named[life["pid"]]
        with_status += row["exit_code"] == str(life["status"])
        if row["cpu_time_user"] and row["cpu_time_system"]:
            spent = int(row["cpu_time_user"]) + int(row["cpu_time_system"])
            cpu.append((spent - life["cpu"]) / 1000)
        if row["memory_peak"] and life.get("peak", 0) > 0:
            peak.append((int(row["memory_peak"]) / life["peak"] - 1) * 100)
    count, source = len(lives), bench.source(recording)
    what = f"{count} programs of 5 ms and 20 MB in 10 s"
    nothing = {name: "not known" for name in counted}
    return [(f"{what}: seen; with arguments; with status (processes by {source})",
             beside(counted), f"{len(exits)}; {with_arguments}; {with_status}",
             f"{count}; {count}; {count}"),
            (f"{what}: their CPU time beside wait4's, worst (median)", beside(nothing),
             worst_and_median(cpu, lambda value: f"{value:+.1f} us") + of_how_many(cpu, count) +
             of_the_incomplete(recording, cpu), "50 us"),
            (f"{what}: their peak beside their own count of pages, worst (median)",
             beside(nothing),
             worst_and_median(peak, lambda value: f"{value:+.2f} %") + of_how_many(peak, count),
             "2 %")]


def of_the_incomplete(recording, differences):
    """Where the kernel did not tell the last moments of some, which the recording says: how the others are."""
    notes = json.loads((recording / "recording.json").read_text())["coverage"]
    said = [note["what"] for note in notes if note["what"].startswith("the last moments of ")]
    if not said:
        return ""
    within = sum(abs(value) <= 50 for value in differences)
    return f"; {within} of {len(differences)} within 50 us; not told, says the recording: {said[0]}"


def of_how_many(values, count):
    return "" if len(values) in (0, count) else f", of {len(values)}"


def storm(bench, per_second, seconds):
    """Forks that end at once. How many, in what time, rows of their ends, losses, highest RSS."""
    recording = bench.new_recording()
    program = bench.record(recording)
    with running([program]):
        wait_until_settled(bench, recording)
        process = start_load(bench, "exits", per_second, seconds)
        happened, nanoseconds = map(int, finish_load(process).split())
        time.sleep(1.5)
        _, highest = program.memory()
    own = own_processes(bench, recording, process.pid)
    rows = sum(row["process"] in own
               for row in bench.rows(recording, "process_exit", "process"))
    lost, source = losses(recording), bench.source(recording)
    shutil.rmtree(recording)
    return happened, nanoseconds / 1e9, rows, lost, highest, source


def storms(bench):
    rows = []
    for per_second, seconds in ((5000, 10 if bench.quick else 60), (0, 5)):
        happened, took, seen, lost, highest, source = storm(bench, per_second, seconds)
        rate = f"{happened / took:,.0f} a second for {took:.0f} s"
        what = f"exits, {rate}" if per_second else f"exits, as fast as they go: {rate}"
        told = "losses are not counted" if lost is None else \
            f"{lost} births, execs and ends counted as lost"
        rows.append((f"{what}: rows of them (processes by {source}, recorder at most "
                     f"{highest:.1f} MiB)", "", f"{seen} of {happened}; {told}",
                     f"{happened}; 0" if per_second else "none missing uncounted; 18 MiB"))
    return rows


# --- what it costs --------------------------------------------------------------------------------

def cpu_of_lives(bench, source, rounds, seconds, per_second):
    """Seconds of CPU for each program that lives and ends, by rounds of a quiet and a busy time, so that what
    drifts drifts for both: of the recorder, in which a tick's usual cost is not, and of what it has in the
    kernel, or None: that, and what of it is the kernel's measuring."""
    recording = bench.new_recording()
    options = [f"--processes={source}"] if source else []
    program = bench.record(recording, *options)
    lives = seconds * per_second

    def spend(kernel, work):
        """What the recorder and its programs spend in so many seconds and one."""
        before, before_kernel, start = program.cpu(), kernel.read(), time.monotonic()
        work()
        time.sleep(max(0, start + seconds + 1 - time.monotonic()))
        after_kernel = kernel.read()
        known = before_kernel is not None and after_kernel is not None
        spent = [after - earlier for after, earlier in zip(after_kernel, before_kernel)] if known else None
        return program.cpu() - before, spent

    def one_round(kernel):
        quiet, quiet_kernel = spend(kernel, lambda: None)
        busy, busy_kernel = spend(kernel, lambda: finish_load(start_load(
            bench, "spawns", lives, bench.programs / "bench_tiny", per_second)))
        return ((busy - quiet) / lives,
                None if busy_kernel is None or quiet_kernel is None else
                [(busy - quiet) / lives for busy, quiet in zip(busy_kernel, quiet_kernel)])

    with running([program]), KernelPrograms(program.process.pid) as kernel:
        wait_until_settled(bench, recording, source or "bpf")
        spent = [one_round(kernel) for _ in range(rounds)]
    used = bench.source(recording)
    shutil.rmtree(recording)
    return spent, used


def cost_of_a_life(bench):
    per_second, rows = 1000, []
    rounds, seconds = (1, 6) if bench.quick else (9, 9)
    for source, goal in ((None, "3.5 us by bpf"), ("taskstats", "9 us, the kernel's with it")):
        spent, used = cpu_of_lives(bench, source, rounds, seconds, per_second)
        if source and used != source:
            rows.append((f"CPU per process life, `--processes={source}`", "",
                         f"not measured: {source} is refused here", goal))
            continue
        rows.append((f"CPU per process life (fork, exec, exit, its rows) at {per_second} a second, "
                     f"processes by {used}: recorder + its programs in the kernel" +
                     (f", median of {rounds} rounds (95 % interval)" if rounds > 1 else ""), "",
                     of_a_life(spent), goal))
    return rows


def of_a_life(spent):
    """`spent`: of each round, as cpu_of_lives has it."""
    def middle(values):
        return statistics.median(values) * 1e6

    def interval(values):
        if len(values) == 1:
            return ""
        low, high = interval_of_median(values)
        return f" ({low * 1e6:.2f} to {high * 1e6:.2f})"

    recorder = [round[0] for round in spent]
    if any(kernel is None for _, kernel in spent):
        return f"{middle(recorder):.2f} us{interval(recorder)} (the kernel's part is not measured)"
    inside = [counted - clock for _, (counted, clock) in spent]
    both = [sum(parts) for parts in zip(recorder, inside)]
    clock = middle([kernel[1] for _, kernel in spent])
    return (f"{middle(both):.2f} us{interval(both)}: {middle(recorder):.2f} + {middle(inside):.2f}; not in it "
            f"{clock:.2f}, the kernel's measuring, as it counts for empty programs")


def interval_of_median(values):
    """The values between which the median lies with 95 %, whatever their distribution."""
    values = sorted(values)
    count = len(values)
    # How many may lie outside on each side: by the binomial distribution of those below the median.
    outside, share = 0, 0.0
    while True:
        share += math.comb(count, outside) / 2**count
        if 2 * share > 0.05 or outside >= count // 2:
            break
        outside += 1
    edge = max(0, outside - 1)
    return values[edge], values[-1 - edge]


def added(bench):
    """The same spawns with and without a recorder, in turn, so that what drifts drifts for both."""
    pairs, count = (8, 1000) if bench.quick else (20, 4000)

    def spawn():
        return int(finish_load(start_load(bench, "spawns", count,
                                          bench.programs / "bench_tiny")))

    def spawn_recorded():
        recording = bench.new_recording()
        program = bench.record(recording)
        with running([program], signal.SIGKILL):
            wait_until_settled(bench, recording)
            taken = spawn()
        shutil.rmtree(recording)
        return taken

    spawn()  # what is read from the disk for the first time is read now
    shares, alone = [], []
    for pair in range(pairs):
        if pair % 2:
            recorded = spawn_recorded()
            alone.append(spawn())
        else:
            alone.append(spawn())
            recorded = spawn_recorded()
        shares.append((recorded / alone[-1] - 1) * 100)
    low, high = interval_of_median(shares)
    each = statistics.median(alone) / count / 1000
    return [(f"added to spawns of the smallest program ({each:.0f} us each), median of {pairs} "
             "interleaved pairs (95 % interval)", "",
             f"{statistics.median(shares):.1f} % ({low:.1f} to {high:.1f} %)", "3 %")]
