# SPDX-License-Identifier: Apache-2.0
"""The figures of the one wide file (`--output x.parquet`). The system tracer that it takes the
place of is not measured here: beside tacho stands what was measured of it once, on another machine of
2 cores."""

import subprocess
import time

from measuring import Program, load, resident, running

# Of the system tracer: CPU ms a sample at 75 and at 575 processes; MiB; samples in 60 s; a day.
TRACER = "system tracer (elsewhere)"
TRACER_MS = {0: 107, 500: 432}
TRACER_MIB, TRACER_SAMPLES = 146, {0: 55, 500: 43}
TRACER_DAY = "660 ms, 288 MiB"

GOAL_MS = {0: 2, 500: 4}
GOAL_MIB = 12


def recording_into(bench, path):
    return [bench.tacho, "record", "--quiet", "--output", str(path), "--interval", "1"]


def cost(bench, more):
    """At 1 s, written every 10 s: CPU of tacho and all that it starts, writes with it."""
    path = bench.scratch / f"wide-{more}.parquet"
    seconds = 20 if bench.quick else 60
    with load(bench.programs, more):
        program = Program([*recording_into(bench, path), "--write-interval", "10"], bench.environment)
        with running([program]):
            time.sleep(12)  # the loader of BPF and the first key rows
            before, begun = program.cpu(), time.monotonic()
            time.sleep(seconds)
            spent = (program.cpu() - before) / (time.monotonic() - begun)
            memory = sum(resident(pid)[0] for pid in program.meter.pids())
    return spent, memory


def kept(bench, more):
    """Samples of a minute that are in the file when it has ended."""
    path = bench.scratch / f"kept-{more}.csv"
    wanted = 20 if bench.quick else 60
    with load(bench.programs, more):
        subprocess.run([*recording_into(bench, path), "--duration", str(wanted - 0.5)],
                       env=bench.environment, check=True)
    lines = len(path.read_text().splitlines()) - 1
    return lines - 1, wanted  # the last is taken when it ends, off the grid


def file_and_day(bench):
    rows = []
    for more in (0, 500):
        spent, memory = cost(bench, more)
        what = f"{75 + more} processes" if more else "75 processes"
        rows.append(
            (
                f"wide file: CPU per sample, {more} more processes",
                f"{TRACER} {TRACER_MS[more]} ms at {what}",
                f"{spent * 1000:.2f} ms",
                f"{GOAL_MS[more]} ms",
            )
        )
        rows.append(
            (
                f"wide file: RSS of all processes of tacho, {more} more",
                f"{TRACER} {TRACER_MIB} MiB",
                f"{memory:.1f} MiB",
                f"{GOAL_MIB} MiB",
            )
        )
        have, wanted = kept(bench, more)
        rows.append(
            (
                f"wide file: samples of {wanted} s at 1 s, {more} more processes",
                f"{TRACER} {TRACER_SAMPLES[more]} of 60",
                f"{have} of {wanted}",
                "all",
            )
        )
    path = bench.scratch / "day.parquet"
    text = subprocess.run(
        [bench.programs / "bench_wide_day", path], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    spent, memory, size = text.split()
    rows.append(
        (
            "wide file: CPU of a write after 24 h at 1 s, and memory",
            f"{TRACER} {TRACER_DAY}",
            f"{float(spent):.0f} ms, {memory} MiB ({int(size) / 2**20:.0f} MiB of file)",
            "100 ms, 32 MiB",
        )
    )
    return rows
