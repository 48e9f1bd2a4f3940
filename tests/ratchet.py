#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on any file of src/ above 400 lines and any function above 40.

What is longer has to stand in tests/ratchet_exceptions.txt, and that list may only become shorter:
a line in it that is not needed any more fails too. Prints each with file, line and length.
"""
import pathlib
import re
import sys
import tempfile

FILE_LIMIT = 400
FUNCTION_LIMIT = 40

# Comments, raw strings, strings and characters: braces in them open nothing.
NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)
SCOPE = re.compile(r"^(?:template\s*<.*>\s*)?(?:inline\s+)?"
                   r"(?:namespace|class|struct|union|enum|extern)\b(?!.*\()", re.DOTALL)


def without_noise(text):
    return NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def is_function(statement):
    """Does the brace behind `statement` open a function's body (or a constructor's)?"""
    if SCOPE.match(statement):
        return False
    parenthesis = statement.find("(")
    if parenthesis < 0:
        return statement == "" or statement.startswith(",")  # behind a constructor's initialisers
    before = statement[:parenthesis]
    return "=" not in before or "operator" in before


def functions(text):
    """(first line, length) of every function body of C++ text, in the style of this project."""
    text = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", lambda m: re.sub(r"[^\n]", " ", m[0]),
                  without_noise(text), flags=re.MULTILINE)
    stack = []  # True: a scope, in which functions are
    start = 0  # of the statement that is being read
    begin = None  # of the function that is open
    for match in re.finditer(r"[{};]", text):
        outside = all(stack)
        if match[0] == "{":
            statement = text[start : match.start()].strip()
            scope = outside and bool(SCOPE.match(statement))
            if outside and not scope and is_function(statement):
                head = start + len(text[start : match.start()]) - len(text[start : match.start()].lstrip())
                begin = (len(stack), head)
            stack.append(scope)
        elif match[0] == "}" and stack:
            stack.pop()
            if begin is not None and len(stack) == begin[0]:
                first = text.count("\n", 0, begin[1]) + 1
                last = text.count("\n", 0, match.start()) + 1
                yield first, last - first + 1
                begin = None
        if all(stack) or match[0] != "}":
            start = match.end()


def too_long(root):
    found = {}
    for file in sorted((root / "src").rglob("*")):
        if file.suffix not in {".h", ".cc", ".c"}:
            continue
        path = file.relative_to(root).as_posix()
        text = file.read_text()
        lines = text.count("\n")
        if lines > FILE_LIMIT:
            found[path] = f"{path}: {lines} lines, more than {FILE_LIMIT}"
        for first, length in functions(text):
            if length > FUNCTION_LIMIT:
                name = re.sub(r"\s+", " ", text.splitlines()[first - 1]).strip()
                found[f"{path} {name}"] = (f"{path}:{first}: a function of {length} lines, more than "
                                           f"{FUNCTION_LIMIT}: {name}")
    return found


def check_the_check():
    body = "  f();\n" * 41
    files = {
        "src/a.cc": f"namespace a {{\nint long_one(int x) {{\n{body}}}\nint s() {{ return 1; }}\n}}\n",
        "src/b.cc": f"class B {{\n  B() : x_{{1}} {{\n{body}  }}\n  int x_;\n}};\n",
        "src/c.cc": "constexpr int kTable[] = {\n" + "  1,\n" * 200 + "};\n",
        "src/d.cc": "// {\n" * 401,
        "src/e.cc": 'const char* k = "{";\nvoid f() {\n' + "  g('{');\n" * 38 + "}\n",
    }
    expected = ["src/a.cc", "src/b.cc", "src/d.cc"]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "src").mkdir()
        for name, text in files.items():
            (root / name).write_text(text)
        found = [key.split()[0] for key in too_long(root)]
    if found != expected:
        sys.exit(f"the check itself is broken: found {found}, expected {expected}")


def main():
    check_the_check()
    root = pathlib.Path(__file__).resolve().parent.parent
    recorded = {
        line
        for line in (root / "tests/ratchet_exceptions.txt").read_text().splitlines()
        if line and not line.startswith("#")
    }
    found = too_long(root)
    new = [text for key, text in found.items() if key not in recorded]
    needless = sorted(recorded - set(found))
    for text in new:
        print(text)
    for key in needless:
        print(f"not too long any more, take it off tests/ratchet_exceptions.txt: {key}")
    print(f"{len(found)} too long, {len(recorded)} recorded")
    sys.exit(1 if new or needless else 0)


if __name__ == "__main__":
    main()
