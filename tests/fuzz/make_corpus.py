#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the first inputs of the fuzz targets: tests/fuzz/corpus/TARGET/seed-*.

Run it by .deps/venv/bin/python3 (it needs pyarrow) when a target or a format is new. Of kernel text and
recordings it takes what lies in tests/. Other names in the corpus are inputs that once did harm: they
stay.
"""
import io
import json
import pathlib
import struct
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq

TESTS = pathlib.Path(__file__).resolve().parent.parent
CORPUS = TESTS / "fuzz/corpus"
RECORDING = TESTS / "recordings/1.0/small.tacho"
LARGEST = 20_000  # libFuzzer tries short inputs sooner, and the repository stays small


def put(target, name, content):
    if isinstance(content, str):
        content = content.encode()
    if len(content) > LARGEST:
        raise SystemExit(f"{target}/{name}: {len(content)} bytes")
    path = CORPUS / target / f"seed-{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def packed(entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def recording_entries():
    """A packed recording without digests.json, which findings may name."""
    parts = {p.relative_to(RECORDING).as_posix(): p.read_bytes() for p in RECORDING.rglob("part-*")}
    return {"recording.json": (RECORDING / "recording.json").read_bytes(), **parts}


def zips():
    put("zip", "empty", packed({}))
    put("zip", "two", packed({"recording.json": b"{}", "cpu/part-000001-0000000000000000.parquet": b"x" * 40}))
    # zip64: a record that says "see the extra field".
    entries = packed({"a": b"abc"})
    put("zip", "tail", entries + b"\0" * 8)
    wide = bytearray(entries)
    place = wide.rindex(b"PK\x05\x06")
    end = place
    directory = wide.index(b"PK\x01\x02")
    wide64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 1, 1, end - directory, directory)
    locator = struct.pack("<IIQI", 0x07064B50, 0, end, 1)
    tail = bytes(wide[place:])
    tail = tail[:8] + struct.pack("<HHII", 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF) + tail[20:]
    put("zip", "zip64", bytes(wide[:place]) + wide64 + locator + tail)
    put("packed", "small", packed(recording_entries()))
    facts = (RECORDING / "recording.json").read_bytes()
    put("packed", "facts", packed({"recording.json": facts, "digests.json":
                                   b'{"digest":"xxh3_64","files":{"recording.json":"0123456789abcdef"}}'}))
    put("packed", "outside", packed({"recording.json": facts, "../part-000001-0000000000000001.parquet": b"x"}))


CSV = {
    "iso": "timestamp,used,load,host\n" + "".join(
        f"2026-11-24T21:28:{second:02d}.5+01:00,{second * 100},{second / 7:.3f},node-{second % 3}\n" for second in range(12)),
    "naive": "time;value\n2026-03-29 02:30:00;1\n2026-10-25 01:30:00;-1e5\n2026-10-25 01:30:00;N/A\n",
    "quoted": 'ts,"a ""name"", with commas",b\r\n1763990000,"x\ny",1\r\n1763990001,"",2\r\n',
    "memory": "timestamp,total_mb,used_mb,free_mb,available_mb,swap_used_mb,swap_free_mb\n"
              "1763990000,32000,1000,31000,30000,0,0\n1763990010,32000,1100,30900,29900,0,0\n",
    "temperature": "timestamp,cpu_temp,gpu_temp,nvme_temp\n1763990000,45,0,38\n1763990005,46.5,0,38\n",
    "long": "timestamp,process_name,count,total_mem_mb\n1763990000,nix,3,12\n1763990000,cc1plus,8,4000\n1763990010,nix,3,13\n",
    "wide": "timestamp,cpu_0_utilization,cpu_1_utilization,docker_web_cpu_percent,docker_web_net_rx_bytes,"
            "_container_db_mem_used_bytes,gpu_0_temp,sys_total,disk_busy_time\n"
            "2026-11-24T21:28:41,1.5,2.5,3,100,2048,55,33554432,12\n2026-11-24T21:28:42,1.5,,3,200,2048,,33554432,13\n",
    "uneven": "timestamp\tx\n1763990000123\t1\n1763990000124\n\n1763990000125\t2\t3\nnever\t4\n",
    "nanoseconds": "time|total\n1763990000000000000|18446744073709551615\n1763990001000000000|0.1e-320\n",
}


def tables():
    times = pa.array([1_763_990_000_000_000_000 + n * 1_000_000_000 for n in range(20)])
    stamps = times.cast(pa.timestamp("ns"))
    yield "plain", pa.table({"timestamp": stamps, "used": pa.array(range(20)),
                             "load": pa.array([n / 7 for n in range(20)])}), {}
    yield "zoned", pa.table({"time": times.cast(pa.timestamp("ns", "UTC")), "name": ["a", None] * 10}), \
        {"use_dictionary": True, "compression": "zstd"}
    yield "groups", pa.table({"timestamp": [float(1_763_990_000 + n) for n in range(20)],
                              "x": pa.array([n % 3 for n in range(20)], pa.uint8())}), \
        {"row_group_size": 7, "compression": "lz4", "data_page_version": "2.0"}
    yield "types", pa.table({"date": [f"2026-11-24 21:28:{n:02d}" for n in range(20)],
                             "flag": [n % 2 == 0 for n in range(20)],
                             "half": pa.array([n / 2 for n in range(20)], pa.float32()),
                             "big": pa.array([2**64 - 1 - n for n in range(20)], pa.uint64()),
                             "wait": pa.array(range(20), pa.duration("ms")),
                             "price": pa.array([n for n in range(20)], pa.decimal128(20, 2)),
                             "list": [[n] for n in range(20)],
                             "cpu_0_utilization": [1.0] * 20}), {}


def foreign():
    for name, text in CSV.items():
        put("csv", name, text)
    for name, table, options in tables():
        file = io.BytesIO()
        pq.write_table(table, file, store_schema=name != "types", **options)
        put("parquet", name, file.getvalue())
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        if name == "plain":
            put("batch_pipe", name, sink.getvalue())
    stamp = {"tick": pa.array([0, 1], pa.uint64()), "time": pa.array([1, 2], pa.timestamp("ns", "UTC")),
             "boottime": pa.array([0, 1]), "host": ["a", "b"], "used": pa.array([1, None], pa.int64()),
             "load": [1.5, 2.5]}
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, pa.table(stamp).schema) as stream:
        stream.write_table(pa.table(stamp))
    put("batch_pipe", "rows", sink.getvalue())


def cbor(value):
    """The few kinds of values that a survey has."""
    def head(major, number):
        for size, code in ((24, None), (1 << 8, ">BB"), (1 << 16, ">BH"), (1 << 32, ">BI"), (1 << 64, ">BQ")):
            if number < size:
                extra = {24: number, 1 << 8: 24, 1 << 16: 25, 1 << 32: 26, 1 << 64: 27}[size]
                return bytes([major << 5 | extra]) if code is None else struct.pack(code, major << 5 | extra, number)
        raise ValueError(number)
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xFB, value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def survey():
    start, second = 1_763_990_000_000_000_000, 1_000_000_000
    profile = {"count": 10, "low": 1.0, "high": 9.0, "sum": 45.0, "first": 1.0, "last": 9.0, "low_time": start,
               "high_time": start + 9 * second, "first_time": start, "last_time": start + 9 * second, "ups": 9,
               "downs": 0, "grown": 8.0, "steepest": 1.0, "steepest_time": start}
    stretch = {"offset": 10, "size": 100, "first_tick": 0, "last_tick": 9, "low_time": start,
               "high_time": start + 9 * second}
    for name, columns in (("wide", ["cpu_0_utilization", "docker_web_cpu_percent", "sys_total", "x_total"]),
                          ("memory", ["total_mb", "used_mb", "note"])):
        put("survey", name, cbor({
            "format": "CSV", "separator": ",", "time_name": "timestamp", "time_form": "ISO 8601", "is_naive": True,
            "is_utc": False, "zone": "",
            "columns": [{"name": column, "type": 3 if column == "note" else 1, "kind": "", "unit": "", "help": "",
                         "profile": profile} for column in columns],
            "stretches": [stretch], "rows": 10, "ticks": 10, "first_time": start, "last_time": start + 9 * second,
            "low_time": start, "high_time": start + 9 * second, "turns_back": 0, "step": second,
            "gaps": [{"tick": 3, "after": start, "before": start + 5 * second}], "uneven": 0, "first_uneven": 0,
            "timeless": 0, "first_timeless": 0, "left_out": []}))


def recordings():
    for table in ("cpu", "process_info", "system"):
        live = (RECORDING / table / "live-000002.arrows").read_bytes()
        for target in ("journal", "live"):
            put(target, table, live)
        part = next((RECORDING / table).glob("part-*")).read_bytes()
        put("part", table, part)
    live = (RECORDING / "cpu/live-000002.arrows").read_bytes()
    put("journal", "cut", live[:-200])
    damaged = bytearray(live)
    damaged[1200] ^= 4
    put("journal", "flipped", bytes(damaged))
    facts = json.loads((RECORDING / "recording.json").read_text())
    put("facts", "small", json.dumps(facts))
    facts.update(labels={"ci": "github"}, end_time=None, processes_missed={"count": "unknown", "why": "full"},
                 command={"arguments": ["make", "-j4"], "folder": "/", "pid": 12, "end": {"signal": 9}},
                 coverage=[{"kind": "absent", "what": "pressure", "why": "no PSI", "table": "pressure"}])
    put("facts", "full", json.dumps(facts))
    put("facts", "newer", '{"format": {"name": "tacho", "major": 99}}')
    put("facts", "digests", '{"digest":"xxh3_64","files":{"cpu/part-000001-7d01cf667c06bea0.parquet":"7d01cf667c06bea0"}}')
    put("facts", "mark", '{"mark": "step 2", "time": 1763990000000000000, "until": 1763990001000000000}')


TYPES = {"uint64": pa.uint64(), "int64": pa.int64(), "float64": pa.float64(), "utf8": pa.string(), "string": pa.string(),
         "timestamp[ns, UTC]": pa.timestamp("ns", "UTC")}


def documented_tables():
    """{table: [(column, type, kind, unit)]} as docs/TABLES.md has them."""
    found, table, stamp = {}, None, []
    for line in (TESTS.parent / "docs/TABLES.md").read_text().splitlines():
        if line.startswith("## "):
            table = line[3:].strip()
            found[table] = list(stamp)
        elif line.startswith("| `"):
            name, kind_of, kind, unit = [cell.strip() for cell in line.split("|")[1:5]]
            (stamp if table is None else found[table]).append((name.strip("`"), kind_of, kind, unit))
    return found


def live_file(table, columns):
    """A live file of three rows of small numbers; its checksums are left to whoever reads it (signing.h)."""
    fields, arrays = [], []
    for place, (name, type_name, kind, unit) in enumerate(columns):
        arrow_type = TYPES[type_name]
        values = [place + row for row in range(3)]
        if name == "tick":
            values = [0, 1, 2]
        elif name == "process":
            values = [1, 2, 1]
        elif name in ("pid", "parent_pid"):
            values = [10, 20, 10] if name == "pid" else [1, 10, 1]
        elif name == "time" or name.endswith("_time") and arrow_type == TYPES["timestamp[ns, UTC]"]:
            values = [1_763_990_000_000_000_000 + row * 1_000_000_000 for row in range(3)]
        elif arrow_type == pa.string():
            values = [None, "a", "b"] if kind != "key" else ["a", "b", "a"]
        elif place % 4 == 3 and kind not in ("key",):
            values[1] = None
        metadata = {"kind": kind, **({"unit": unit} if unit else {})}
        fields.append(pa.field(name, arrow_type, name not in ("tick", "time", "boottime"), metadata))
        arrays.append(pa.array(values, arrow_type))
    schema = pa.schema(fields, {"tacho.format": "1.0", "tacho.table": table, "tacho.recording": "0" * 32,
                                "tacho.number": "1", "tacho.crc32c": "0" * 8})
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_batch(pa.record_batch(arrays, schema=schema),
                           custom_metadata={"tacho.crc32c": "0" * 8, "tacho.sequence": "0" * 16})
    return sink.getvalue()


def reports():
    tables = documented_tables()
    together = {"processes": ("process", "process_info", "process_exit"), "machine": ("system", "pressure", "event"),
                "cpu": ("cpu", "self"), "memory": ("memory",), "devices": ("disk", "network", "filesystem"),
                "cgroup": ("cgroup",)}
    for name, wanted in together.items():
        put("report", name, b"\n".join(b"=== " + table.encode() + b"\n" + live_file(table, tables[table])
                                       for table in wanted))


def words():
    for number, text in enumerate(('used > 1GiB and (host = "node-1" or host ~ "od") and not load is null',
                                   "wait <= 2m30s or used != 18446744073709551615", "time < '21:28' and load >= -1.5e300",
                                   "not not ((used is not null))", "host ~ 'a\\'b' or tick = 0")):
        put("where", str(number), text)
    for name, text in {"duration": "1w2d3h4m5s6ms7us8ns", "bare": "1.5", "size": "7.99 EiB", "kilo": "512k", "ago": "-5m",
                       "clock": "21:28:41.5", "date": "2026-11-24", "iso": "2026-11-24T21:28:41.123456789+01:00",
                       "zoned": "1999-12-31 23:59:60,5 UTC", "epoch": "@1763990000.25", "now": "now",
                       "number": "-123456789012345678.5", "exponent": "+1.25e-3", "zone": "Europe/Lisbon",
                       "word": "\xff\xff\xff\xff\xff\xff\xff\x7f", "nothing": " <NA> "}.items():
        put("values", name, text.encode("latin-1"))
    for name, text in {"escapes": "a\tb\\x1b\x1b[31mred\x7f \u202e \u4e2d\u6587 \x85", "arguments":
                       "curl\0-u\0me:secret\0https://me:pw@host/\0--password=x\0-H\0Authorization: Bearer abc\0",
                       "environment": "SLURM_JOB_ID=4711\0SLURM_STEP_ID=0\0GITHUB_ACTIONS=true\0GITHUB_RUN_ID=12\0JOB_ID=8\0",
                       "part": "part-000001-7d01cf667c06bea0.parquet", "bad": "bad-live-000002.arrows",
                       "last": "@last", "third": "@3", "label": "stage=nightly",
                       "setting": "filesystem.interval=30s", "words": "--quiet\0--output=x\0-o\0y\0--\0--z",
                       "digests": "0123456789abcdef,fedcba9876543210", "only": "cpu,memory,disk"}.items():
        put("text", name, text)
    put("configuration", "sections", "# what\n[record]\ninterval = 10s\nquiet = true\n\n[run]\nquiet=false\n")
    put("configuration", "wrong", "interval = 1s\n[re cord\nx\n")


def machine(fixture, *patterns):
    """Files and links of a fixture as one text (fake_machine.h)."""
    root = TESTS / "fixtures" / fixture
    text = b""
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            if path.is_symlink():
                if not str(path.readlink()).startswith("/"):
                    text += f"=== {name} -> {path.readlink()}\n".encode()
            elif path.is_file():
                text += f"=== {name}\n".encode() + path.read_bytes().rstrip(b"\n") + b"\n"
    return text


def kernel():
    for fixture in ("rhel-8", "container"):
        process = next((TESTS / "fixtures" / fixture / "proc").glob("[0-9]*"))
        for name in ("stat", "status", "io", "cgroup", "limits"):
            put("kernel_text", f"{fixture}-{name}", (process / name).read_bytes())
        put("kernel_text", f"{fixture}-mounts", (TESTS / "fixtures" / fixture / "proc/self/mountinfo").read_bytes())
    put("kernel_text", "meminfo", (TESTS / "fixtures/rhel-8/proc/meminfo").read_bytes())
    put("kernel_text", "escapes", "27 1 254:0 / /mnt/a\\040b\\134 rw,relatime shared:1 - ext4 /dev/vda rw,discard\n")
    seeds = {
        "memory": machine("container", "proc/meminfo", "proc/loadavg", "proc/pressure/*"),
        "cpu": machine("container", "proc/stat", "proc/loadavg"),
        "vmstat": machine("rhel-8", "proc/vmstat"),
        "disk": machine("rhel-8", "proc/diskstats", "sys/class/block/*", "sys/devices/**/size", "sys/devices/**/partition"),
        "network": machine("rhel-8", "proc/net/dev", "sys/class/net/*", "sys/devices/**/operstate", "sys/devices/**/speed",
                           "sys/devices/**/carrier_changes"),
        "protocol": machine("rhel-8", "proc/net/snmp", "proc/net/netstat", "proc/net/sockstat"),
        "limits": machine("rhel-8", "proc/sys/*/*", "proc/loadavg", "proc/self/limits"),
        "process": machine("rhel-8", "proc/stat", "proc/[0-9]*/*"),
        "cgroup2": machine("container", "proc/self/mountinfo", "proc/self/cgroup", "sys/fs/cgroup/*"),
        "cgroup1": machine("rhel-8", "proc/self/mountinfo", "sys/fs/cgroup/*/system.slice/batch.service/*"),
        "sensor": machine("arm-board", "sys/class/hwmon/*", "sys/class/thermal/*", "sys/devices/**/hwmon/*/*",
                          "sys/devices/**/thermal_zone0/*", "sys/class/powercap/*", "sys/devices/**/cpufreq/*"),
        "filesystem": machine("container", "proc/self/mountinfo"),
    }
    for name, text in seeds.items():
        put("collectors", name, text)
    stat = machine("container", "proc/stat")
    put("collectors", "twice", stat + stat.replace(b"1", b"9") + b"=== proc/pressure/cpu\nsome total=1\n"
        b"=== proc/pressure/cpu\nsome avg10=0.00 avg60=0.00 avg300=0.00 total=99999999999999999999\n")


def netlink(payload, kind=0x20):
    return struct.pack("<IHHII", 16 + len(payload), kind, 0, 1, 0) + payload + b"\0" * (-len(payload) % 4)


def attribute(kind, value):
    return struct.pack("<HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def pieces(kind, *records):
    return kind + b"".join(struct.pack("<H", len(record)) + record for record in records)


def ledger():
    # struct cn_msg, struct proc_event: a fork and an exit.
    def event(what, *numbers):
        body = struct.pack("<IIQ", what, 0, 1_000_000_000) + struct.pack(f"<{len(numbers)}I", *numbers)
        return netlink(struct.pack("<IIIIHH", 1, 1, 1, 0, len(body), 0) + body)
    fork, ending = event(1, 10, 10, 12, 12), event(0x80000000, 12, 12, 9, 17, 10, 10)
    # struct taskstats of version 16, its numbers counting up.
    stats = struct.pack("<H", 16) + bytes(range(2, 250)) * 2
    stats = bytearray(stats[:432])
    aggregate = attribute(4, attribute(1, struct.pack("<I", 12)) + attribute(3, bytes(stats)))
    record = netlink(struct.pack("<BBH", 2, 1, 0) + aggregate)
    put("ledger", "connector", pieces(b"c", fork, ending, record))
    put("ledger", "taskstats", pieces(b"t", record, record))
    # bpf/life_record.h
    def life(kind):
        return struct.pack("<QIIQiiiiiIIIQ16s", 1000, kind, 12, 2000, 12, 10, 12, 12, 1, 0, 0, 0, 77, b"cc1plus")
    execution = life(1) + struct.pack("<IIII", 8, 10, 0, 0) + b"/bin/cc1cc1plus\0-O\0"
    totals = struct.pack("<11q", *range(100, 111))
    ended = life(2) + struct.pack("<iiqqq", 256, 0, 100, 5, -1) + totals
    freed = struct.pack("<QII", 1000, 3, 12) + totals
    put("ledger", "bpf", pieces(b"b", life(0), execution, ended, freed))


for make in (zips, foreign, survey, recordings, reports, words, kernel, ledger):
    make()
sizes = [path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()]
print(f"{len(sizes)} inputs, {sum(sizes)} bytes")
