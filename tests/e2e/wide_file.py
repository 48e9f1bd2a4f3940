# SPDX-License-Identifier: Apache-2.0
"""What the tests of the wide file share."""

import pathlib
import time

import pyarrow.parquet

LIMIT = 60

# The columns of a machine with two CPUs, no GPU and no container, as the system tracer wrote them.
COLUMNS = """timestamp sys_total sys_used sys_free {cpus} total_open_files max_files_process
max_files_count fd_used fd_max fd_usage_percent disk_read_bytes disk_write_bytes disk_read_count
disk_write_count disk_busy_time net_bytes_sent net_bytes_recv net_packets_sent net_packets_recv
net_errin net_errout net_dropin net_dropout system_process_count system_thread_count
disk_read_bytes_per_sec disk_write_bytes_per_sec disk_read_count_per_sec disk_write_count_per_sec
net_bytes_sent_per_sec net_bytes_recv_per_sec net_packets_sent_per_sec net_packets_recv_per_sec"""


def wait_for(condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def rows_of(path):
    return pyarrow.parquet.read_table(path).to_pylist()


def row_count(path):
    return pyarrow.parquet.ParquetFile(path).metadata.num_rows if path.exists() else 0


def wide_columns():
    lines = pathlib.Path("/proc/stat").read_text().splitlines()
    cpus = [line.split()[0][3:] for line in lines if line.startswith("cpu") and line[3] != " "]
    return COLUMNS.format(cpus=" ".join(f"cpu_{cpu}_utilization" for cpu in cpus)).split()
