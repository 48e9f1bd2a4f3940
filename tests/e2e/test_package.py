# SPDX-License-Identifier: Apache-2.0
"""What is installed: the programs run from where they are put, the service's file is sound, and a service
manager hears from the recorder what it waits for."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess

import pytest

from conftest import LIMIT

# Of 100; the lower the less it may. What would blind a recorder stays open.
MOST_EXPOSURE = 30


@pytest.fixture(scope="module")
def installed(tacho, tmp_path_factory):
    """A tree as `make install PREFIX=/opt/tacho` leaves it."""
    root = tmp_path_factory.mktemp("root")
    subprocess.run(["cmake", "--install", pathlib.Path(tacho).parent, "--prefix", "/opt/tacho"],
                   env={**os.environ, "DESTDIR": str(root)}, check=True, timeout=LIMIT,
                   stdout=subprocess.DEVNULL)
    return root


def test_installed_programs_record_and_report(installed, home):
    program = installed / "opt/tacho/bin/tacho"
    subprocess.run([program, "run", "--quiet", "--", "true"], env=home, check=True, timeout=LIMIT)
    report = subprocess.run([program, "report", "@last"], env=home, check=True, timeout=LIMIT,
                            capture_output=True, text=True)
    assert "exit 0" in report.stdout


def test_the_service_is_sound(installed):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    unit = installed / "opt/tacho/lib/systemd/system/tacho.service"
    assert "ExecStart=/opt/tacho/bin/tacho record" in unit.read_text()
    folder = installed / "etc/systemd/system"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(unit, folder)
    for target in ("sysinit", "basic", "shutdown", "multi-user"):  # what every machine has
        (folder / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
    verified = subprocess.run(
        ["systemd-analyze", "verify", f"--root={installed}", "--man=no", "tacho.service"],
        capture_output=True, text=True, timeout=LIMIT, check=False)
    complaints = [line for line in verified.stderr.splitlines() if "tacho" in line]
    assert not complaints
    secured = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", f"--threshold={MOST_EXPOSURE}",
         "--no-pager", unit], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert secured.returncode == 0, secured.stdout[-500:] + secured.stderr


def test_a_service_manager_is_told(tacho, home, tmp_path):
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(address))
        manager.settimeout(LIMIT)
        watched = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "300000"}
        # A tick a minute: that it is alive is said between ticks too.
        with subprocess.Popen([tacho, "record", "--quiet", "--interval", "60s"],
                              env={**home, **watched}) as recorder:
            heard = [manager.recv(4096).decode() for _ in range(3)]
            recorder.send_signal(signal.SIGINT)
            while not heard[-1].startswith("STOPPING=1"):
                heard.append(manager.recv(4096).decode())
            assert recorder.wait(LIMIT) == 0
    assert heard[0].startswith("READY=1")
    assert heard[1] == heard[2] == "WATCHDOG=1"
