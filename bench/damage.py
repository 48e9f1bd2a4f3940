# SPDX-License-Identifier: Apache-2.0
"""What is left of a recording whose recorder was killed, or whose bytes were flipped, to tacho and to other
readers. Each returns rows of the table: figure, others, tacho, goal."""
import json
import pathlib
import random
import shutil
import signal
import subprocess
import time

from measuring import load, running

READERS = pathlib.Path(__file__).with_name("readers.py")


def readers_python():
    """The Python that `scripts/setup --tests` made, with the other readers; None without it."""
    python = READERS.parent.parent / ".deps/venv/bin/python3"
    probe = [python, "-c", "import duckdb, polars, pyarrow"]
    if not python.exists() or subprocess.run(probe, stderr=subprocess.DEVNULL,
                                             check=False).returncode != 0:
        return None
    return python


class KilledFilesReader:
    """Asks the other readers about the live files of recordings whose recorder was killed."""

    def __init__(self):
        python = readers_python()
        self.live = self.sealed = self.failed = 0
        self.process = python and subprocess.Popen(
            [python, READERS, "killed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def look(self, recording):
        if not self.process:
            return
        self.process.stdin.write(f"{recording}\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        self.live += told["live"]
        self.sealed += told["sealed"]
        self.failed += told["pyarrow"] + told["Polars"] + told["DuckDB"]

    def end(self):
        if not self.process:
            return "other readers are not set up"
        self.process.communicate()
        return (f"{self.failed} failures in {self.live} live files (pyarrow, Polars) and "
                f"{self.sealed} sealed ones (DuckDB)")


def kills(bench):
    """kill -9 at random moments: which ticks that were due are missing, and what is damaged."""
    interval, count = 0.02, 15 if bench.quick else 1000
    random_moments = random.Random(1)
    worst, damaged, readers = 0, 0, KilledFilesReader()
    for _ in range(count):
        recording = bench.new_recording()
        program = bench.record(recording, "--interval", "20ms")
        time.sleep(random_moments.uniform(0.1, 0.5))
        moment = time.clock_gettime(time.CLOCK_BOOTTIME)
        program.end(signal.SIGKILL)
        program.check()
        readers.look(recording)  # as it was left
        damaged += bench.run("verify", str(recording)).returncode != 0
        bench.run("seal", "--quiet", str(recording))
        readers.look(recording)
        rows = bench.show(recording, "system", "tick,boottime")
        due = int((moment - int(rows[0]["boottime"]) / 1e9) / interval)
        worst = max(worst, due - int(rows[-1]["tick"]))
        shutil.rmtree(recording)
    return [(f"kill -9 at {count} random moments, a tick each 20 ms: recordings damaged; most ticks "
             "that are missing in one; other readers", "",
             f"{damaged}; {worst}; {readers.end()}", "0; 1; 0")]


def flips_seen_by_others(recording, count):
    """What other programs make of parts with one flipped bit: only pages carry checksums for them."""
    python = readers_python()
    if python is None:
        return [(f"{count} bit flips, read by pyarrow, Polars, DuckDB", "",
                 "not measured: other readers are not set up", "0")]
    text = subprocess.run([python, READERS, "flips", recording, str(count)], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    told = json.loads(text)
    wrong = ", ".join(f"{name} {told[name]['wrong in pages']} ({told[name]['wrong'] - told[name]['wrong in pages']} elsewhere)"
                      for name in ("pyarrow", "Polars", "DuckDB"))
    return [(f"{count} bit flips, {told['in pages']} of them in data pages: silently wrong values "
             "from pages", "", wrong, "0")]


def bit_flips(bench):
    recording = bench.new_recording()
    with load(bench.programs, 50):
        program = bench.record(recording, "--interval", "100ms")
        with running([program]):
            time.sleep(4)
    count = 200 if bench.quick else 1000
    text = subprocess.run([bench.programs / "bench_bit_flips", recording, str(count)],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return [(f"{count} bit flips in sealed parts, found by `verify`", "", text.split()[0],
             str(count)), *flips_seen_by_others(recording, count)]
