# SPDX-License-Identifier: Apache-2.0
"""Files with process ids open in `tacho ps`: tacho's own tables, and what others make of psutil, ps and pidstat."""
import json
import pathlib
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from foreign_file import START, parquet, show  # noqa: E402, F401


def tree_of(run, path, *options):
    done = run("ps", path, "--format", "json", "--verbose", *options)
    assert done.returncode == 0, done.stderr
    return {process["pid"]: process for process in json.loads(done.stdout)["processes"]}


def text_of(run, path, *options):
    done = run("ps", path, "--utc", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow as parquet"])
def test_what_show_writes_of_the_processes_is_the_tree_of_the_recording(run, made, tmp_path, ending):
    path = tmp_path / f"processes.{ending.rsplit(maxsplit=1)[-1]}"
    if ending == "arrow as parquet":  # Arrow's file, written anew by another program
        done = run("show", made, "process", "--format", "arrow", "--output", tmp_path / "x.arrow")
        assert done.returncode == 0, done.stderr
        pq.write_table(pa.ipc.open_stream(tmp_path / "x.arrow").read_all().replace_schema_metadata({}), path)
    else:
        done = run("show", made, "process", "--format", ending, "--output", path)
        assert done.returncode == 0, done.stderr
    of_recording, of_file = tree_of(run, made), tree_of(run, path)
    assert len(of_file) > 2
    # Text of a file is escaped as all text from outside, and tacho's own was already.
    assert {pid: {**one, **{name: one[name].replace("\\x5c", "\\") for name in ("name", "arguments")}}
            for pid, one in of_file.items()} == of_recording
    text = text_of(run, path)
    assert "└─" in text and "CPU TIME" in text


def test_of_the_ticks_before_there_are_other_processes(run, made, tmp_path):
    path = tmp_path / "processes.csv"
    run("show", made, "process", "--format", "csv", "--output", path)
    for at in ("-200ms", "-400ms"):
        assert set(tree_of(run, path, "--at", at)) == set(tree_of(run, made, "--at", at)), at
    assert run("show", path, "process", "--last", "3", "--format", "csv").stdout.count(b"\n") == 4


def test_rows_as_stored_are_filled_forward(run, made, tmp_path):
    """`export --table process` has a row only where something changed, and no names."""
    path = tmp_path / "processes.parquet"
    done = run("export", made, "--table", "process", "-o", path)
    assert done.returncode == 0, done.stderr
    of_file, of_recording = tree_of(run, path), tree_of(run, made)
    assert set(of_recording) <= set(of_file)  # ends are in another table
    for pid, process in of_recording.items():
        for figure in ("threads", "cpu_time", "memory_usage", "state"):
            assert of_file[pid][figure] == process[figure], (pid, figure)
    dense = tmp_path / "dense.csv"
    assert run("export", made, "--dense", "-o", dense).returncode == 0
    assert set(tree_of(run, dense)) == set(of_recording)


def lines(header, *rows):
    return header + "\n" + "".join(row + "\n" for row in rows)


def test_a_dump_of_psutil(run, tmp_path):
    path = tmp_path / "psutil.csv"
    path.write_text(lines(
        "timestamp,pid,ppid,name,cmdline,username,status,num_threads,cpu_percent,memory_percent,rss,create_time,nice",
        f"{START},1,0,init,/sbin/init,root,sleeping,1,0.0,0.1,4096000,{START - 1000}.25,0",
        f"{START},20,1,make,make -j4,me,sleeping,1,0.5,0.1,8192000,{START - 5},0",
        f"{START},21,20,cc1,cc1 a.c,me,running,2,99.5,1.5,99999744,{START - 4},0",
        f"{START + 1},1,0,init,/sbin/init,root,sleeping,1,0.0,0.1,4096000,{START - 1000}.25,0",
        f"{START + 1},20,1,make,make -j4,me,sleeping,1,1.5,0.1,8192000,{START - 5},0"))
    text = text_of(run, path)
    assert text.splitlines()[0].split() == ["PID", "USER", "S", "THR", "CPU", "MEMORY", "PROCESS"]
    assert "└─ make -j4" in text and "1.5 %" in text and "7.81 MiB" in text and "cc1" not in text
    assert "2 processes, 2 threads, at 2025-11-24 13:13:21.000 (UTC)" in text
    before = tree_of(run, path, "--at", "-1s")
    assert before[21] == {"pid": 21, "ppid": 20, "name": "cc1", "threads": 2, "user": "me", "state": "running",
                          "arguments": "cc1 a.c", "memory_usage": 99999744, "cpu_time": None, "cpu_utilization": 0.995}
    assert list(tree_of(run, path, "--at", "-1s", "--sort", "cpu"))[0] == 21
    assert list(tree_of(run, path, "--at", "-1s", "--sort", "start"))[0] == 21
    assert set(tree_of(run, path, "20", "--at", "-1s")) == {20, 21}
    assert run("ps", path, "99").returncode == 1
    told = run("show", path).stdout
    assert b"rss is taken as bytes, as psutil has it" in told and b"pid is taken to say which process" in told
    report = run("report", path, "--utc")
    assert report.returncode == 0 and b"cc1 a.c" in report.stdout and b"CPU time of" not in report.stdout, report


def test_the_columns_of_ps(run, tmp_path):
    path = tmp_path / "ps.csv"
    path.write_text(lines("time,USER,PID,PPID,%CPU,%MEM,VSZ,RSS,STAT,NLWP,COMMAND",
                          f"{START},root,1,0,0.0,0.1,1000,500,Ss,1,/sbin/init",
                          f"{START},me,7,1,12.5,0.1,300000,2048,R,3,\"python3 a.py, b\""))
    tree = tree_of(run, path)
    assert (tree[7]["memory_usage"], tree[7]["state"], tree[7]["arguments"], tree[7]["name"]) == \
        (2048 * 1024, "R", "python3 a.py, b", "python3 a.py, b")
    assert "└─ python3 a.py, b" in text_of(run, path)
    assert b"RSS is taken as KiB, as ps has it" in run("show", path).stdout


def test_without_parents_it_is_a_list_and_what_is_unknown_is_blank(run, tmp_path):
    path = tmp_path / "pidstat.csv"
    path.write_text(lines("timestamp,UID,PID,%usr,%system,%CPU,Command",
                          f"{START},0,5,1.0,0.5,1.5,sshd", f"{START},1000,9,2.0,0.0,2.0,vim"))
    text = text_of(run, path)
    assert "sshd" in text and "└" not in text and "2 processes, at" in text, text
    tree = tree_of(run, path)
    assert tree[9]["threads"] is None and tree[9]["cpu_time"] is None and tree[9]["user"] == "1000"


def test_processes_that_are_each_others_parents_are_shown(run, tmp_path):
    path = tmp_path / "ring.csv"
    path.write_text(lines("timestamp,pid,ppid,name", f"{START},2,3,a", f"{START},3,2,b", f"{START},4,4,c"))
    assert set(tree_of(run, path)) == {2, 3, 4}


@pytest.mark.parametrize("text", [
    lines("timestamp,process_name,count,total_mem_mb", f"{START},cc1plus,4,2000"),  # of monitor-rebuild.sh
    lines("timestamp,level,pid,text", f"{START},info,12,started"),  # a log
    lines("timestamp,pid,name", f"{START},x12,started"),
    lines("timestamp,value", f"{START},1"),
])
def test_a_file_without_processes_is_told_in_one_line(run, tmp_path, text):
    path = tmp_path / "processes.csv"
    path.write_text(text)
    for options in ((), ("--exited",), ("--by", "command"), ("--diff", "-2s", "-1s")):
        done = run("ps", path, *options)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, b"", 1), done
        assert b"processes.csv says nothing of single processes: that needs a column pid" in done.stderr
        assert b"it has the tables processes" in done.stderr


def test_ps_of_a_wide_file_says_what_it_has(run, parquet):
    done = run("ps", parquet)
    assert done.returncode == 3 and b"says nothing of single processes" in done.stderr
    assert b"it has the tables container, cpu, disk" in done.stderr


def test_of_such_a_file_there_is_no_ledger(run, tmp_path):
    path = tmp_path / "some.csv"
    path.write_text(lines("timestamp,pid,ppid,name", f"{START},2,1,a"))
    done = run("ps", path, "--exited")
    assert done.returncode == 3 and b"does not say when processes were born" in done.stderr, done.stderr
