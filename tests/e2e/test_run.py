# SPDX-License-Identifier: Apache-2.0
"""tacho run: the command must not notice, and the caller must see how it ended."""
import json
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time

import pytest

from conftest import LIMIT
from terminal import Terminal

# Prints everything that a process inherits; the same with and without tacho before it.
INHERITED = r"""
import os, resource, signal, sys
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
for name in ("SigBlk", "SigIgn", "SigPnd", "ShdPnd", "CapEff", "NoNewPrivs", "Cpus_allowed"):
    print(name, status[name].strip())
print("umask", oct(os.umask(0)))
print("nice", os.nice(0))
print("folder", os.getcwd())
print("group of the parent", os.getpgrp() == os.getpgid(os.getppid()))
print("session of the parent", os.getsid(0) == os.getsid(os.getppid()))
print("oom", open("/proc/self/oom_score_adj").read())
for name in sorted(name for name in dir(resource) if name.startswith("RLIMIT_")):
    print(name, resource.getrlimit(getattr(resource, name)))
for descriptor in sorted(map(int, os.listdir("/proc/self/fd"))):
    try:
        link = os.readlink(f"/proc/self/fd/{descriptor}")
    except FileNotFoundError:
        continue  # the listing's own
    flags = open(f"/proc/self/fdinfo/{descriptor}").read().split("flags:")[1].split()[0]
    print("descriptor", descriptor, link, flags)
for name in sorted(os.environ):
    print("environment", name, os.environ[name])
print("arguments", sys.argv[1:])
"""


def shell(script):
    return ["sh", "-c", script]


def status_of(command, environment, **keywords):
    """The wait status, which says more than an exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            for call in keywords.get("first", ()):
                call()
            os.execvpe(command[0], command, environment)
        finally:
            os._exit(113)
    deadline = time.monotonic() + LIMIT
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise AssertionError(f"{command} did not end")
        time.sleep(0.002)


def test_every_exit_code_is_passed_through(run):
    for code in [*range(0, 256, 15), 1, 2, 124, 125, 126, 127, 128, 130, 137, 254, 255]:
        assert run("run", "--quiet", "--", *shell(f"exit {code}")).returncode == code


@pytest.mark.system
def test_all_256_exit_codes_are_passed_through(run):
    for code in range(256):
        assert run("run", "--quiet", "--", *shell(f"exit {code}")).returncode == code


DEADLY = [number for number in signal.valid_signals()
          if number not in {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH,
                            signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}]


@pytest.mark.parametrize("number", DEADLY, ids=lambda number: str(int(number)))
def test_a_death_by_signal_is_died_again(tacho, home, number):
    # Python's interpreter would turn SIGINT and SIGPIPE into something else; a shell may refuse
    # real-time signals by name, not by number.
    command = shell(f"kill -{int(number)} $$")
    status = status_of([tacho, "run", "--quiet", "--", *command], home,
                       first=[lambda: signal.signal(number, signal.SIG_DFL)]
                       if number not in {signal.SIGKILL} else [])
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
    assert not os.WCOREDUMP(status)


def test_a_core_file_is_the_commands_alone(tacho, home, tmp_path):
    def first():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        os.chdir(tmp_path)

    command = shell("kill -SEGV $$")
    if not os.WCOREDUMP(status_of(command, home, first=[first])):
        pytest.skip("core files are switched off here")
    status = status_of([tacho, "run", "--quiet", "--", *command], home, first=[first])
    assert os.WTERMSIG(status) == signal.SIGSEGV and not os.WCOREDUMP(status)


def test_a_shell_shows_128_and_the_signal(tacho, home):
    script = f'"{tacho}" run --quiet -- sh -c "kill -TERM \\$\\$"; echo $?'
    done = subprocess.run(shell(script), env=home, capture_output=True, timeout=60)
    assert done.stdout == b"143\n"


def test_a_command_that_does_not_exist_is_127(run, recordings):
    done = run("run", "--", "no-such-command-here")
    assert done.returncode == 127
    assert done.stdout == b""
    assert done.stderr == b"tacho: cannot run 'no-such-command-here': No such file or directory\n"
    assert recordings() == []


def test_what_cannot_be_executed_is_126(run, tmp_path, recordings):
    (tmp_path / "text").write_text("no program\n")
    for path in (tmp_path / "text", tmp_path):
        done = run("run", "--", path)
        assert done.returncode == 126
        assert done.stderr == f"tacho: cannot run '{path}': Permission denied\n".encode()
    assert recordings() == []


def test_a_script_without_a_first_line_runs_as_from_a_shell(run, tmp_path):
    script = tmp_path / "script"
    script.write_text("echo ran; exit 6\n")
    script.chmod(0o700)
    done = run("run", "--quiet", "--", script)
    assert (done.returncode, done.stdout) == (6, b"ran\n")


@pytest.mark.parametrize("arguments, said", [
    (["--bogus", "--"], "there is no option '--bogus'"),
    (["-x"], "there is no option '-x'"),
    (["--interval", "1 fortnight"], "'1 fortnight' is not a duration"),
    (["--interval", "1ms"], "not between 10ms and 1h"),
    (["--interval", "2h"], "not between 10ms and 1h"),
    (["--timeout", "0"], "more than 0"),
    (["--timeout", "soon"], "'soon' is not a duration"),
    (["--name", "../up"], "cannot be a file's name"),
    (["--name", ".hidden"], "cannot be a file's name"),
    (["--only", "weather"], "there is no table weather"),
])
def test_a_wrong_option_is_125_and_starts_nothing(run, tmp_path, recordings, arguments, said):
    done = run("run", *arguments, "touch", tmp_path / "started")
    assert done.returncode == 125
    assert done.stdout == b""
    assert said in done.stderr.decode()
    assert not (tmp_path / "started").exists()
    assert recordings() == []


def test_no_command_and_a_missing_value_are_125(run):
    assert run("run").returncode == 125
    assert run("run", "--").returncode == 125
    done = run("run", "--interval")
    assert done.returncode == 125
    assert b"a value is missing after '--interval'" in done.stderr


def test_help_goes_to_stdout_with_0(run):
    done = run("run", "--help")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Usage: tacho run ")


def test_options_behind_the_command_are_the_commands(run):
    done = run("run", "--quiet", "echo", "--interval", "x", "--", "--help")
    assert (done.returncode, done.stdout) == (0, b"--interval x -- --help\n")


def test_what_it_inherits_is_the_same(tacho, home):
    def first():
        os.umask(0o027)
        os.nice(3)
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM})
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_STACK, (4 << 20, resource.RLIM_INFINITY))
        open("/proc/self/oom_score_adj", "w").write("123")

    command = [sys.executable, "-c", INHERITED, "a b", "", "--interval", "ü"]
    environment = {**home, "ODD": "a=b\nc", "TACHO_SOMETHING": "1"}
    outputs = []
    extra = os.open("/dev/zero", os.O_RDONLY)
    for beginning in ([], [tacho, "run", "--quiet"]):
        done = subprocess.run(beginning + command, env=environment, stdin=extra, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              pass_fds=[extra], restore_signals=False, preexec_fn=first)
        # Two pipes of two runs have different numbers.
        outputs.append([line for line in done.stdout.decode().splitlines() if "pipe:" not in line])
    os.close(extra)
    assert len(outputs[0]) > 40
    assert outputs[1] == outputs[0]


def test_its_environment_is_the_callers_byte_for_byte(tacho, home):
    environment = {**home, "_": "x", "ODD": "a\tb=\udcff"}
    plain = subprocess.run(["env", "-0"], env=environment, capture_output=True).stdout
    done = subprocess.run([tacho, "run", "--quiet", "env", "-0"], env=environment,
                          capture_output=True, timeout=60)
    assert done.stdout == plain


def test_input_and_output_pass_through_byte_for_byte(run):
    data = bytes(range(256)) * 4096
    done = run("run", "--quiet", "--", "cat", input=data)
    assert done.returncode == 0
    assert done.stdout == data
    assert done.stderr == b""
    done = run("run", "--quiet", "--", *shell("cat >&2"), input=data)
    assert (done.stdout, done.stderr) == (b"", data)


def test_the_receipt_is_on_stderr_only(run):
    done = run("run", "--", "echo", "x")
    assert done.stdout == b"x\n"
    assert done.stderr != b""
    quiet = run("run", "--quiet", "--", "echo", "x")
    assert (quiet.stdout, quiet.stderr) == (b"x\n", b"")


def test_receipt_and_report_count_who_was_not_waited_for(run, recordings):
    """The loop's parent is gone before it ends, so nobody in the command waits for it."""
    loop = "(while :; do :; done & sleep 0.5; kill $!)"
    done = run("run", "--interval", "50ms", "--", *shell(loop))
    command = json.loads((recordings()[-1] / "recording.json").read_text())["command"]
    waited = command["cpu_time_user"] + command["cpu_time_system"]
    assert command["cpu_time"] > waited + 100_000_000
    report = run("report", "@last").stdout.decode()
    told = re.search(r"CPU time ([0-9.]+ \S+) \(", report)[1]
    assert f"CPU time {told} (" in done.stderr.decode(), report


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_closed_descriptor_stays_closed(tacho, home, closed):
    status = status_of([tacho, "run", "--quiet", "--", *shell(f"[ ! -e /proc/$$/fd/{closed} ]")],
                       home, first=[lambda: os.close(closed)])
    assert os.waitstatus_to_exitcode(status) == 0


def test_a_pipeline_ends_when_the_command_closes_its_end(tacho, home):
    """The reader must see the end although tacho and the command are still there."""
    read_end, write_end = os.pipe()
    command = shell("echo x; exec >&- 2>&-; read line")
    process = subprocess.Popen([tacho, "run", "--quiet", "--", *command], env=home,
                               stdin=subprocess.PIPE, stdout=write_end, stderr=subprocess.DEVNULL)
    os.close(write_end)
    seen = b""
    while select.select([read_end], [], [], LIMIT)[0] and (data := os.read(read_end, 99)):
        seen += data
    assert select.select([read_end], [], [], 0)[0], "the end of the pipe did not come"
    assert seen == b"x\n"
    os.close(read_end)
    assert process.poll() is None
    process.communicate(b"\n", timeout=60)
    assert process.returncode == 0


def test_a_producer_is_told_when_the_command_is_gone(tacho, home):
    script = f'yes | "{tacho}" run --quiet -- head -1; echo "$?"'
    done = subprocess.run(shell(script), env=home, capture_output=True, timeout=60)
    assert done.stdout == b"y\n0\n"


def test_command_substitution_returns(tacho, home):
    script = f'x=$("{tacho}" run -- echo inside 2>&1); echo "[$x]"'
    done = subprocess.run(shell(script), env=home, capture_output=True, timeout=60)
    assert done.stdout.startswith(b"[inside\n")


def test_a_timeout_ends_it_with_124(run):
    done = run("run", "--quiet", "--timeout", "200ms", "--", "sleep", "60")
    assert done.returncode == 124
    done = run("run", "--quiet", "--timeout", "1h", "--", *shell("exit 3"))
    assert done.returncode == 3


def test_signals_sent_to_tacho_reach_the_command(tacho, home):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                   signal.SIGUSR2, signal.SIGWINCH):
        # Its output tells that the trap is set.
        script = (f"trap 'echo got; exit 5' {int(number)}; echo set;"
                  "i=0; while [ $((i += 1)) -lt 3000 ]; do sleep 0.01; done")
        process = subprocess.Popen([tacho, "run", "--quiet", "--", *shell(script)], env=home,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout.readline() == b"set\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, output) == (5, b"got\n")


# --- on a terminal ---------------------------------------------------------------------------

def test_it_keeps_the_terminals_foreground_group(tacho, home):
    script = ("import os; t = os.open('/dev/tty', os.O_RDWR);"
              "print('foreground', os.tcgetpgrp(t) == os.getpgrp() == os.getpgid(os.getppid()),"
              " os.isatty(0), os.isatty(1), os.isatty(2))")
    terminal = Terminal([tacho, "run", "--quiet", "--", sys.executable, "-c", script], home)
    assert terminal.end() == 0
    assert b"foreground True True True True" in terminal.output


def test_the_command_can_read_what_is_typed(tacho, home):
    terminal = Terminal([tacho, "run", "--quiet", "--", *shell("read x; echo got $x")], home)
    terminal.type(b"words\n")
    terminal.wait_for(b"got words")
    assert terminal.end() == 0


COUNTER = r"""
import os, signal, sys
# One byte for each time that the kernel delivers a signal; Python's handlers would be run once
# for several.
read_end, write_end = os.pipe()
os.set_blocking(write_end, False)
signal.set_wakeup_fd(write_end)
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1):
    signal.signal(number, lambda number, frame: None)
print("ready", flush=True)
seen = b""
while signal.SIGUSR1 not in seen:
    # All that is there: of two that come together, the kernel runs the later one's handler first.
    seen += os.read(read_end, 99)
    print("signals", *sorted(seen), flush=True)
"""


@pytest.mark.parametrize("key, number", [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)])
def test_ctrl_c_reaches_the_command_once(tacho, home, key, number):
    terminal = Terminal([tacho, "run", "--quiet", "--", sys.executable, "-c", COUNTER], home)
    terminal.wait_for(b"ready")
    # tacho is held until the command has had the terminal's signal, so that a second one, if tacho
    # sent it on, could not melt into the first.
    os.kill(terminal.pid, signal.SIGSTOP)
    terminal.type(key)
    terminal.wait_for(b"signals %d\r" % number)
    os.kill(terminal.pid, signal.SIGCONT)
    # Sent on behind whatever tacho made of the first.
    os.kill(terminal.pid, signal.SIGUSR1)
    assert terminal.end() == 0
    assert b"signals %d %d\r" % (number, signal.SIGUSR1) in terminal.output


def test_ctrl_c_ends_both_by_the_same_signal(tacho, home):
    terminal = Terminal([tacho, "run", "--quiet", "--", *shell("echo ready; exec sleep 60")], home)
    terminal.wait_for(b"ready")
    terminal.type(b"\x03")
    status = terminal.end()
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGINT


def test_job_control_stops_and_continues_both(tacho, home):
    terminal = Terminal(["bash", "--norc", "-i"], {**home, "PS1": "$ "})
    terminal.wait_for(b"$ ")
    terminal.type(f'"{tacho}" run --quiet -- sh -c "echo rea\'\'dy; read x; echo got \\$x"\n'.encode())
    terminal.wait_for(b"ready")
    terminal.type(b"\x1a")
    terminal.wait_for(b"Stopped")
    terminal.type(b"fg\n")
    terminal.type(b"again\n")
    terminal.wait_for(b"got again")
    terminal.type(b"exit 7\n")
    assert os.waitstatus_to_exitcode(terminal.end()) == 7
