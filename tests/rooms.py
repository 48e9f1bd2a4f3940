#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include in src/ against the table of rooms in cmake/rooms.cmake.

A room may include itself, `base`, and the rooms that its line names behind USES. Arrow and Parquet
may be included only where the line names them as libraries. Views never include their siblings.
`apps` wires everything and is free. Prints each violation with file and line.
"""
import pathlib
import re
import sys
import tempfile

FREE_ROOMS = {"apps"}
LIBRARY_OF_HEADER = {
    "arrow": "arrow",
    "parquet": "parquet",
    "nanoarrow": "nanoarrow",
    "flatcc": "nanoarrow",
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def rooms_of(table):
    """{room: (rooms it may use, libraries)} from the text of rooms.cmake."""
    rooms = {}
    text = re.sub(r"#.*", "", table)
    for words in re.findall(r"tacho_room\(([^)]*)\)", text):
        name, *rest = words.split()
        lists = {"USES": set(), "LIBRARIES": set()}
        current = None
        for word in rest:
            if word in lists:
                current = lists[word]
            else:
                current.add(word)
        rooms[name] = ({name, "base"} | lists["USES"], lists["LIBRARIES"])
    return rooms


def view_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "views" and len(parts) > 2 else None


def violation(rooms, path, style, target):
    """What is wrong with `path` (below src/) including `target`, or None."""
    room = path.split("/")[0]
    if room in FREE_ROOMS:
        return None
    if room not in rooms:
        return f"the room {room} is not in cmake/rooms.cmake"
    allowed, libraries = rooms[room]
    first = target.split("/")[0]
    library = LIBRARY_OF_HEADER.get(first)
    if library and library not in libraries:
        return f"{room} does not have the library {library}"
    if style == "<":
        return None
    if "/" not in target:
        return f'"{target}" does not begin with its room'
    if first in FREE_ROOMS or (first in rooms and first not in allowed):
        return f"{room} may not use {first}"
    if first not in rooms and not library:
        return f"there is no room {first}"
    if view_of(path) and view_of(target) and view_of(path) != view_of(target):
        return "a view may not use its sibling"
    return None


def violations(root):
    rooms = rooms_of((root / "cmake/rooms.cmake").read_text())
    found = []
    count = 0
    for file in sorted((root / "src").rglob("*")):
        if file.suffix not in {".h", ".cc", ".c", ".def"}:
            continue
        path = file.relative_to(root / "src").as_posix()
        for number, line in enumerate(file.read_text().splitlines(), 1):
            include = INCLUDE.match(line)
            if include is None:
                continue
            count += 1
            wrong = violation(rooms, path, include[1], include[2])
            if wrong:
                found.append(f"src/{path}:{number}: {wrong}")
    return found, count


def check_the_check():
    """On a small tree with one violation of each kind: exactly these must be found."""
    files = {
        "cmake/rooms.cmake": "tacho_room(base)\ntacho_room(low)  # USES high\n"
        "tacho_room(high USES low LIBRARIES arrow)\ntacho_room(views USES high)\n",
        "src/base/a.cc": '#include "low/a.h"\n',
        "src/low/a.cc": '#include "base/a.h"\n#include "high/a.h"\n#include <arrow/api.h>\n#include "a.h"\n',
        "src/high/a.cc": '#include "low/a.h"\n#include <arrow/api.h>\n#include <vector>\n#include "gone/a.h"\n',
        "src/views/web/a.cc": '#include "views/view.h"\n#include "views/report/a.h"\n',
        "src/apps/a.cc": '#include "low/a.h"\n',
        "src/stray/a.cc": '#include "base/a.h"\n',
    }
    expected = ["base/a.cc:1", "high/a.cc:4", "low/a.cc:2", "low/a.cc:3", "low/a.cc:4", "stray/a.cc:1",
                "views/web/a.cc:2"]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = [":".join(line.split(":")[:2]).removeprefix("src/") for line in violations(root)[0]]
    if found != expected:
        sys.exit(f"the check itself is broken: found {found}, expected {expected}")


def main():
    check_the_check()
    found, count = violations(pathlib.Path(__file__).resolve().parent.parent)
    print("\n".join(found))
    print(f"{count} includes, {len(found)} against cmake/rooms.cmake")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
