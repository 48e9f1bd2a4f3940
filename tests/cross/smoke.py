# SPDX-License-Identifier: Apache-2.0
"""smoke.py BUILD: the programs that were built for aarch64 in BUILD record and read under qemu-user.

Not tried, since qemu-user does not translate them: BPF, the process connector and taskstats (so
processes come from /proc), seccomp (so that files of others are read without its filter). Commands
that tacho runs are this machine's own.
"""
import csv
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

EMULATOR = "qemu-aarch64"
LIBRARIES = "/usr/aarch64-linux-gnu"
LIMIT = 120  # seconds: an emulated program is slow, but not so slow


def install(build, folder):
    """The programs in a folder; the reader behind a script, since the kernel cannot start it itself."""
    (folder / "tacho").symlink_to(build / "tacho")
    for program in ("tacho-reader", "tacho-bpf"):
        script = folder / program
        # -L for the libraries of Arrow, which look in no folder of ours.
        script.write_text(f'#!/bin/sh\nexec {EMULATOR} -L {LIBRARIES} {build / program} "$@"\n')
        script.chmod(0o755)
    # tacho finds its reader beside itself, by /proc/self/exe: so it has to be there, not linked.
    (folder / "tacho").unlink()
    (folder / "tacho").write_bytes((build / "tacho").read_bytes())
    (folder / "tacho").chmod(0o755)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    machine = subprocess.run(["readelf", "-h", build / "tacho", build / "tacho-reader", build / "tacho-bpf"],
                             capture_output=True, text=True, check=True).stdout
    assert machine.count("AArch64") == 3, machine
    with tempfile.TemporaryDirectory(prefix="tacho-cross-") as name:
        folder = pathlib.Path(name)
        (folder / "bin").mkdir()
        install(build, folder / "bin")
        environment = {"PATH": os.environ["PATH"], "HOME": name, "XDG_STATE_HOME": f"{name}/state",
                       "XDG_RUNTIME_DIR": name, "LANG": "C.UTF-8", "TZ": "UTC"}

        def tacho(*words):
            done = subprocess.run([EMULATOR, folder / "bin/tacho", *map(str, words)], env=environment,
                                  cwd=name, capture_output=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
            print(f"  tacho {' '.join(map(str, words))}: {done.returncode}", flush=True)
            assert done.returncode == 0, (done.stdout, done.stderr)
            return done.stdout.decode(), done.stderr.decode()

        check(tacho, folder)
        read_by_this_machine(build, folder, environment)
    print("aarch64: what was built records, seals, verifies and reads under qemu-user")


def rows_of(tacho, recording, table):
    return list(csv.DictReader(io.StringIO(tacho("show", recording, table, "--format", "csv")[0])))


def check(tacho, folder):
    assert tacho("--version")[0].startswith("tacho ")
    assert json.loads(tacho("snapshot", "--format", "json")[0])["memory"]
    recording = folder / "three.tacho"
    tacho("record", "--duration", "2s", "--interval", "250ms", "--output", recording)
    assert not list(recording.glob("*/live-*")), "sealed at its end"
    facts = json.loads((recording / "recording.json").read_text())
    assert facts["host"]["architecture"] == "aarch64", facts["host"]
    assert "whole" in tacho("verify", recording)[0]
    rows = rows_of(tacho, recording, "memory")
    assert len(rows) >= 4 and all(0 < int(row["available"]) <= int(row["limit"]) for row in rows), rows
    assert len(rows_of(tacho, recording, "process")) > 10
    wide = folder / "wide.parquet"
    tacho("export", recording, "--output", wide)
    # A file of Parquet that is no recording: the reader's other half.
    assert len(rows_of(tacho, wide, "memory")) == len(rows)

    ran = folder / "ran.tacho"
    _, receipt = tacho("run", "--interval", "100ms", "--output", ran, "--", "sleep", "1")
    assert "exit 0" in receipt, receipt
    assert list(ran.glob("memory/live-*"))
    assert "sealed" in tacho("seal", ran)[0]
    assert "whole" in tacho("verify", ran)[0]
    assert "exit 0" in tacho("report", ran)[0]
    packed = folder / "ran.zip"
    tacho("pack", ran, "--output", packed)
    assert "whole" in tacho("verify", packed)[0]


def read_by_this_machine(build, folder, environment):
    """What the other processor wrote, this one reads, where this one's program was built too."""
    native = build.parent / "build/tacho"
    if not os.access(native, os.X_OK):
        print(f"  not tried: reading it by this machine's own program ({native} is not built)")
        return
    for recording in ("three.tacho", "ran.zip"):
        done = subprocess.run([native, "verify", folder / recording], env=environment, capture_output=True,
                              timeout=LIMIT)
        assert done.returncode == 0, (done.stdout, done.stderr)


main()
