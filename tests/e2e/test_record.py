# SPDX-License-Identifier: Apache-2.0
"""tacho record from outside: how it ends, what it makes, marks, rotation, retention, wrong options."""
import pathlib
import signal
import stat

import pytest

from recorder import ONLY, Recorder, event_names, facts_of, rows_of, wait_until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP],
                         ids=lambda number: number.name)
def test_a_signal_ends_it_whole_and_sealed(run, tacho, home, tmp_path, number):
    with Recorder(tacho, home, tmp_path / "x.tacho") as recorder:
        status, output, errors = recorder.end(number)
    assert (status, output, errors) == (0, f"{tmp_path}/x.tacho\n".encode(), b"")
    assert not list(recorder.folder.glob("*/live-*"))
    assert not list(recorder.folder.rglob(".*")), "nothing is left lying about"
    assert not list(pathlib.Path(home["XDG_RUNTIME_DIR"]).rglob("*.sock"))
    facts = facts_of(recorder.folder)
    assert facts["end_time"] > facts["start_time"]
    ticks = [tick for (tick,) in rows_of(recorder.folder, "system", "tick")]
    assert ticks == sorted(set(ticks)) and len(ticks) >= 3
    assert run("verify", recorder.folder).returncode == 0


def test_it_ends_by_itself_after_its_duration(run, recordings):
    done = run("record", "--interval", "100ms", "--duration", "250ms", "--quiet", *ONLY)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    (recording,) = recordings()
    assert stat.S_IMODE(recording.stat().st_mode) == 0o700
    for path in recording.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert sorted(path.name for path in recording.iterdir()) == [
        "cpu", "event", "memory", "recording.json", "self", "system"]


def test_rotation_seals_while_it_records(run, tacho, home, tmp_path):
    with Recorder(tacho, home, tmp_path / "x.tacho", "--rotate", "100ms") as recorder:
        wait_until(lambda: len(list(recorder.folder.glob("memory/part-*"))) >= 2)
        assert run("verify", recorder.folder).returncode == 0, "while it grows"
        status, _, errors = recorder.end()
    assert (status, errors) == (0, b"")
    numbers = [path.name.split("-")[1] for path in sorted(recorder.folder.glob("memory/part-*"))]
    assert numbers == [f"{number:06}" for number in range(1, len(numbers) + 1)]
    system, memory = (rows_of(recorder.folder, table, "tick") for table in ("system", "memory"))
    assert system == memory == sorted(set(system))
    assert "seal.failed" not in event_names(recorder.folder)
    assert run("verify", recorder.folder).returncode == 0


def test_a_sealing_program_that_fails_is_said_and_loses_nothing(run, tacho, home, tmp_path):
    alone = tmp_path / "tacho"
    alone.write_bytes(pathlib.Path(tacho).read_bytes())
    alone.chmod(0o755)
    (tmp_path / "tacho-reader").write_text("#!/bin/sh\nexit 7\n")
    (tmp_path / "tacho-reader").chmod(0o755)
    with Recorder(str(alone), home, tmp_path / "x.tacho", "--rotate", "100ms") as recorder:
        wait_until(lambda: "seal.failed" in event_names(recorder.folder))
        status, _, errors = recorder.end()
    assert status == 0
    assert b"seal.failed" in errors, "what the end met has no tick left to tell it"
    ticks = [tick for (tick,) in rows_of(recorder.folder, "system", "tick")]
    assert ticks == sorted(set(ticks))
    assert run("verify", recorder.folder).returncode == 0


def test_a_mark_goes_to_the_recorder_and_afterwards_into_a_file(run, tacho, home, tmp_path):
    with Recorder(tacho, home, tmp_path / "x.tacho") as recorder:
        assert run("mark", "while it runs").returncode == 0
        assert run("mark", "a phase", "--at", "-1s", "--until", "now").returncode == 0
        wait_until(lambda: len([name for name in event_names(recorder.folder) if name == "mark"]) == 2)
        recorder.end()
    done = run("mark", "nobody is there")
    assert done.returncode == 1 and b"--in RECORDING" in done.stderr
    done = run("mark", "afterwards", "--in", recorder.folder)
    assert (done.returncode, done.stderr) == (0, b"")
    done = run("mark", "too late", "--in", recorder.folder, "--at", "2099-01-01")
    assert done.returncode == 1 and b"the recording goes from" in done.stderr
    assert run("seal", "--quiet", recorder.folder).returncode == 0
    bodies = [body for (body,) in rows_of(recorder.folder, "event", "body")]
    assert [body for body in bodies if body in ("while it runs", "a phase", "afterwards")] == [
        "while it runs", "a phase", "afterwards"]
    assert run("verify", recorder.folder).returncode == 0


def test_retain_keeps_a_series_within_its_bytes(run, recordings):
    for _ in range(3):
        assert run("record", "--duration", "100ms", "--interval", "10ms", "--name", "mine", *ONLY,
                   "--retain", "none").returncode == 0
    assert run("record", "--duration", "20ms", "--name", "other", *ONLY).returncode == 0
    assert len(recordings()) == 4
    newest = recordings()[2]
    done = run("record", "--duration", "100ms", "--interval", "10ms", "--name", "mine", *ONLY,
               "--retain", "7d,1KiB")
    assert done.returncode == 0
    left = {path.name.split("-")[0] for path in recordings()}
    assert left == {"mine", "other"}
    assert not newest.exists() and len(recordings()) == 2
    assert run("verify", done.stdout.decode().strip()).returncode == 0


def test_two_recorders_aiming_at_one_folder(run, tacho, home, tmp_path):
    with Recorder(tacho, home, tmp_path / "x.tacho") as recorder:
        done = run("record", "--duration", "1s", "--output", recorder.folder)
        assert done.returncode == 1
        assert done.stderr == f"tacho record: another tacho is recording into {recorder.folder}\n".encode()
        status, _, errors = recorder.end()
    assert (status, errors) == (0, b"")
    assert run("verify", recorder.folder).returncode == 0


@pytest.mark.parametrize("options, words", [
    (["--only", "memory,nonsense"], ["nonsense", "memory"]),
    (["--without", "nonsense"], ["nonsense", "memory"]),
    (["--set", "nonsense.interval=1s"], ["nonsense"]),
    (["--set", "memory.nonsense=1"], ["nonsense"]),
    (["--set", "memory"], ["table.option=value"]),
    (["--interval", "5ms"], ["10ms"]),
    (["--interval", "soon"], ["--interval", "soon"]),
    (["--duration", "0"], ["--duration"]),
    (["--retain", "7"], ["--retain", "7d,2GiB"]),
    (["--nonsense"], ["--nonsense"]),
    (["make"], ["tacho run -- make"]),
])
def test_a_wrong_option_is_named_and_makes_nothing(run, recordings, tmp_path, options, words):
    done = run("record", "--duration", "10ms", *options)
    assert done.returncode == 2, done
    assert done.stdout == b""
    for word in words:
        assert word in done.stderr.decode(), done.stderr
    assert recordings() == []


def test_a_place_that_others_can_write_is_refused(run, state):
    state.mkdir(parents=True)
    state.chmod(0o777)
    done = run("record", "--duration", "10ms", *ONLY)
    assert done.returncode == 1
    assert b"others can write into" in done.stderr
    assert list(state.iterdir()) == []
