# SPDX-License-Identifier: Apache-2.0
"""A terminal of our own for a program: what a person sees and types."""
import errno
import os
import pty
import select
import signal
import time


class Terminal:
    """Runs `command` as the leader of a session on a new terminal."""

    def __init__(self, command, environment):
        self.output = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            try:
                for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE):
                    signal.signal(number, signal.SIG_DFL)
                os.execvpe(command[0], command, environment)
            finally:
                os._exit(113)

    def type(self, text):
        os.write(self.master, text)

    def wait_for(self, text, limit=30):
        """Reads until `text` has been written; the whole output so far."""
        deadline = time.monotonic() + limit
        while text not in self.output:
            left = deadline - time.monotonic()
            assert left > 0, f"{text!r} did not come; there was {self.output!r}"
            if not self._read(left):
                assert text in self.output, f"{text!r} did not come; there was {self.output!r}"
        return self.output

    def _read(self, limit):
        ready, _, _ = select.select([self.master], [], [], limit)
        if not ready:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            assert error.errno == errno.EIO  # nobody holds the other end any more
            return False
        self.output += data
        return bool(data)

    def end(self, limit=30):
        """Waits for the program and returns its wait status."""
        deadline = time.monotonic() + limit
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"it did not end; there was {self.output!r}")
            self._read(0.02)
        while self._read(0) and select.select([self.master], [], [], 0)[0]:
            pass
        os.close(self.master)
        return status
