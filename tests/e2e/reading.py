# SPDX-License-Identifier: Apache-2.0
"""What the tests of the reading commands share: looking at what was written."""


def text_of(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def without_control_bytes(data):
    return not [byte for byte in data if byte < 32 and byte != 10 or byte == 127]
