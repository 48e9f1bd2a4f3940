# SPDX-License-Identifier: Apache-2.0
"""The figures, one function each. Each returns rows of the table: figure, others, tacho, goal."""
import csv
import io
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import time

from measuring import Program, live_bytes, load, running


class Bench:
    """Where things are, how long to measure, and what the other tools are."""

    def __init__(self, programs, scratch, tools, quick):
        self.programs = programs
        self.scratch = scratch
        self.tools = tools
        self.quick = quick
        self.tacho = str(programs / "tacho")
        self.environment = {**os.environ, "XDG_STATE_HOME": str(scratch / "state"),
                            "XDG_RUNTIME_DIR": str(scratch)}
        self.recordings = 0

    def new_recording(self):
        self.recordings += 1
        return self.scratch / f"{self.recordings}.tacho"

    def record(self, recording, *options):
        return Program([self.tacho, "record", "--quiet", "--output", str(recording), *options],
                       self.environment)

    def record_without_rights(self, recording):
        """As nobody, by a copy of the program where nobody may read it. Needs root."""
        place = self.scratch / "nobody"
        if not place.exists():
            self.scratch.chmod(0o711)
            place.mkdir()
            shutil.chown(place, "nobody")
            shutil.copy(self.tacho, place / "tacho")
        return Program([place / "tacho", "record", "--quiet", "--output", place / recording.name],
                       {**self.environment, "XDG_STATE_HOME": str(place),
                        "XDG_RUNTIME_DIR": str(place)}, user="nobody")

    def run(self, *arguments):
        return subprocess.run([self.tacho, *arguments], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, check=False)

    def rows(self, recording, table, columns, *options):
        shown = self.run("show", str(recording), table, "--columns", columns, "--format", "csv",
                         *options)
        if shown.returncode > 1:  # 1: something is damaged, and the rest is shown
            raise RuntimeError(shown.stderr.strip())
        return list(csv.DictReader(io.StringIO(shown.stdout)))

    def show(self, recording, table, columns):
        """Rows of a table that has some."""
        rows = self.rows(recording, table, columns)
        if not rows:
            raise RuntimeError(f"{table} has no rows")
        return rows

    def source(self, recording):
        """What told of births and ends of processes longest."""
        return json.loads((recording / "recording.json").read_text())["process_source"]

    def others(self, names, samples, output=subprocess.DEVNULL):
        """The other tools that are here, each writing a sample a second."""
        commands = {
            "sadc": ["-S", "XALL", "1", str(samples), str(self.scratch / "sadc.data")],
            "pidstat": ["-p", "ALL", "-u", "-r", "-d", "-h", "1"],
            "atop": ["-w", str(self.scratch / "atop.data"), "1"]}
        english = {**os.environ, "LC_ALL": "C"}
        # atop ends by SIGTERM alone, and then switches the accounting off that it switched on.
        return {name: Program([self.tools[name], *commands[name]], english, output,
                              stop=signal.SIGTERM if name == "atop" else signal.SIGINT)
                for name in names if self.tools[name]}


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms"


def beside(values):
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "none is here"


def watch_start(programs, seconds):
    """The first seconds, in which a recorder that loads programs into the kernel needs most."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for program in programs:
            program.look_at_memory()
        time.sleep(0.005)  # the loader lives for tens of milliseconds


def measure_steady(bench, size, seconds, recorders, others):
    """CPU seconds a sample, once everything has begun, and memory, of tacho and of the others
    beside it. `size`: of the load; `recorders`: name -> how each is started."""
    programs, started = {}, []

    def start(name, program):
        programs[name] = program
        started.append(program)

    with load(bench.programs, *size), running(started):
        for name, begin in recorders.items():
            start(name, begin())
            time.sleep(0.3)  # so that the samples of one do not fall on those of the next
        for name, program in bench.others(others, seconds + 30).items():
            start(name, program)
        watch_start([programs[name] for name in recorders], 4)
        time.sleep(8)  # the first key rows, in the first ten seconds, are behind us then
        before = {name: program.cpu() for name, program in programs.items()}
        begun = time.monotonic()
        time.sleep(seconds)
        samples = time.monotonic() - begun
        cpu = {name: (program.cpu() - before[name]) / samples
               for name, program in programs.items()}
        memory = {name: program.memory() for name, program in programs.items()}
    return cpu, memory


def sealing_cost(bench, recording):
    """CPU seconds of sealing the live files of a recording."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    bench.run("seal", "--quiet", str(recording))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def grid(bench, recording):
    """The worst distance of a tick from the grid, in seconds, and the number of ticks. The last is
    not on the grid: it is taken when the recorder is told to stop."""
    rows = [(int(row["tick"]), int(row["boottime"]))
            for row in bench.show(recording, "system", "tick,boottime")][:-1]
    first = rows[0][1]
    return max(abs(boottime - first - tick * 10**9) for tick, boottime in rows) / 1e9, len(rows)


def cpu_without_processes(bench):
    recording = bench.new_recording()
    cpu, _ = measure_steady(
        bench, (0,), 15 if bench.quick else 50,
        {"best": lambda: bench.record(recording, "--without", "process")}, ["sadc"])
    mine = cpu.pop("best")
    goal = milliseconds(cpu["sadc"] / 2) + " (half of sadc)" if cpu else "half of sadc"
    distance, ticks = grid(bench, recording)
    return [("CPU per sample, all tables but processes",
             beside({name: milliseconds(value) for name, value in cpu.items()}),
             milliseconds(mine), goal),
            (f"worst distance from the grid in {ticks} samples at 1 s, idle", "",
             milliseconds(distance), "5 ms")]


# What is beside the load -> goals for CPU in ms and for memory in MiB, each by BPF and by /proc.
SIZES = {(50,): ("50 more, 5 % active", 1.0, 2, 7, 5),
         (500,): ("500 more, 5 % active", 1.2, 4, None, None),
         (2000,): ("2000 more, 5 % active", 2.0, 12, 10, 8),
         (500, 5, 100, 8): ("500 more with 8 threads each, 5 % active", 1.5, None, None, None)}
HIGHEST = 18  # MiB


def in_mebibytes(memory):
    return f"{memory[0]:.1f} ({memory[1]:.1f}) MiB"


def cpu_and_memory(bench):
    rows, memories = cpu_without_processes(bench), []
    for size, (what, by_bpf, by_proc, memory_by_bpf, memory_by_proc) in SIZES.items():
        recordings = [bench.new_recording() for _ in range(3)]
        recorders = {"best": lambda: bench.record(recordings[0])}
        if by_proc:
            recorders["proc"] = lambda: bench.record(recordings[1], "--processes=proc")
        if size == (2000,) and os.geteuid() == 0:
            recorders["nobody"] = lambda: bench.record_without_rights(recordings[2])
        cpu, memory = measure_steady(bench, size, 10 if bench.quick else 25, recorders,
                                     ["pidstat", "atop"])
        source = bench.source(recordings[0])
        mine = {name: cpu.pop(name) for name in recorders}
        others = beside({name: milliseconds(value) for name, value in cpu.items()})
        title = f"CPU per sample with every process, {what}"
        rows.append((f"{title}, processes by {source}", others, milliseconds(mine["best"]),
                     f"{by_bpf} ms by bpf"))
        if by_proc:
            rows.append((f"{title}, `--processes=proc`", others, milliseconds(mine["proc"]),
                         f"{by_proc} ms"))
        if size == (2000,):
            without = milliseconds(mine["nobody"]) if "nobody" in mine else \
                "that of the rows above: this run has no rights" if os.geteuid() else "not measured"
            rows.append((f"{title}, without any right", others, without, "12 ms"))
        for name, how, goal in (("best", f"processes by {source}", memory_by_bpf and
                                 f"{memory_by_bpf} ({HIGHEST}) MiB by bpf"),
                                ("proc", "`--processes=proc`", memory_by_proc and f"{memory_by_proc} MiB")):
            if goal:
                memories.append((f"RSS of the recorder, {what}, {how} (highest, with its loader)",
                                 beside({other: in_mebibytes(memory[other]) for other in cpu}),
                                 in_mebibytes(memory[name]), goal))
    return rows + memories


def grid_beside_busy_loops(bench):
    recording, started = bench.new_recording(), []
    # The load ends first: sealing has the lowest priority, and beside busy loops takes minutes.
    with running(started), load(bench.programs, 4, 100, 0):
        started.append(bench.record(recording))
        time.sleep(20 if bench.quick else 60)
    distance, ticks = grid(bench, recording)
    return [(f"the same in {ticks} samples beside 4 busy loops", "", milliseconds(distance),
             "15 ms")]


def sizes(bench):
    """An hour of samples, taken every 10 ms beside processes that are as active in 10 ms as others
    are in a second. Stopped by SIGKILL, so that the live files can be measured and then sealed."""
    recording = bench.new_recording()
    wanted = 600 if bench.quick else 3600
    with load(bench.programs, 2000, 5, 10):
        program = bench.record(recording, "--interval", "10ms")
        with running([program], signal.SIGKILL):
            time.sleep(wanted / 100)
    live = sum(live_bytes(path) for path in recording.glob("*/live-*"))
    cpu = sealing_cost(bench, recording)
    sealed = sum(path.stat().st_size for path in recording.glob("*/part-*"))
    ticks = len(bench.show(recording, "system", "tick"))
    how = f"2000 more processes, {ticks} ticks 10 ms apart"
    return [(f"sealed bytes per sample, all tables, {how}", "", f"{sealed / ticks / 1000:.2f} kB",
             "2.0 kB"),
            (f"journal bytes per sample, {how}", atop_bytes(bench), f"{live / ticks / 1000:.1f} kB",
             "45 kB"),
            ("CPU per sample of sealing them (not in the rows above)", "",
             milliseconds(cpu / ticks), "")]


def atop_bytes(bench):
    if not bench.tools["atop"]:
        return "none is here"
    data = bench.scratch / "atop.data"
    data.unlink(missing_ok=True)
    with load(bench.programs, 2000):
        program = bench.others(["atop"], 10)["atop"]
        with running([program]):
            time.sleep(4.5)
            first = data.stat().st_size
            time.sleep(4)
            grown = data.stat().st_size - first
    return f"atop {grown / 4 / 1000:.1f} kB"


def run_true(bench):
    def seconds(*arguments):
        start = time.monotonic()
        subprocess.run(arguments, env=bench.environment, check=True)
        return time.monotonic() - start

    with_tacho, without = [], []
    for _ in range(10 if bench.quick else 20):
        # The recorder before has synced its files and is gone: this is not about two at once.
        time.sleep(0.2)
        without.append(seconds("true"))
        with_tacho.append(seconds(bench.tacho, "run", "--quiet", "--output",
                                  str(bench.new_recording()), "--", "true"))
    over = statistics.median(with_tacho) - statistics.median(without)
    return [(f"`tacho run -- true` over `true`, median of {len(without)} pairs", "",
             milliseconds(over), "15 ms")]


# Seconds after which a reader is ended that has more to say: a day of many processes as CSV is tens of GB.
LONGEST_READING = 60


def first_output(bench, arguments, lines):
    """Seconds until the first so many lines of output, until the end, and the reader's highest RSS."""
    start, size = time.monotonic(), 0
    process = subprocess.Popen([bench.tacho, *arguments], env=bench.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    for _ in range(lines):
        process.stdout.readline()
    first = time.monotonic() - start
    while (part := process.stdout.read(1 << 20)) and time.monotonic() - start < LONGEST_READING:
        size += len(part)
    if part:
        process.terminate()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    end = time.monotonic() - start
    if process.returncode != 0 and not part:
        raise RuntimeError(f"{arguments[0]} ended with {process.returncode}")
    whole = f"ended after {end:.0f} s and {size / 1e9:.1f} GB" if part else f"{end:.1f} s in all"
    return f"{first:.2f} s to the first, {whole}, {usage.ru_maxrss / 1024:.0f} MiB"


def a_day(bench):
    # As CSV a row for each process and tick is written: two million in a quick run.
    hours, processes = (1, 500) if bench.quick else (24, 2000)
    recording = bench.new_recording()
    subprocess.run([bench.programs / "bench_recorded_day", recording, str(hours), str(processes)],
                   stdout=subprocess.DEVNULL, check=True)
    what = f"{hours} h at 1 s of {processes} processes"
    goal = "first under 1 s, under 300 MiB"
    csv_rows = first_output(bench, ["show", str(recording), "process", "--format", "csv"], 2)
    last = first_output(bench, ["show", str(recording), "process", "--last", "10"], 2)
    report = first_output(bench, ["report", str(recording)], 1)
    shutil.rmtree(recording)
    return [(f"`show process` as CSV, {what}", "", csv_rows, goal),
            (f"`show process --last 10`, {what}", "", last, goal),
            (f"`report`, {what}", "", report, goal)]
