#!/usr/bin/env python3
"""Sizes, as a test: no file of the program above 400 lines (a driver's: 700; of tests and scripts: 500),
no function above 60 (elsewhere than in src and tools: 70).

    check_sizes.py [ROOT]       prints everything too long; exit 1 if there is something
    check_sizes.py --self-test  proves on a bad sample tree that each rule can fail

Functions are found without a compiler, by following braces through text whose comments, strings
and preprocessor lines are blanked; lambdas count as part of the function they stand in. A function
counts from the first line of its head to its closing brace. scripts/long_functions.txt holds the
ones that were longer when the rule came: `PATH FUNCTION LINES`, a list that can only shrink,
because an entry that is no longer needed, or larger than needed, is an error too.
"""

import ast
import pathlib
import re
import sys
import tempfile

# (lines of a file, lines of a function) by folder.
LIMITS = {"src": (400, 60), "tools": (400, 60), "drivers": (700, 70), "tests": (500, 70), "scripts": (500, 70)}
FOLDERS = ("src", "drivers", "tools", "tests", "scripts")
CPP = {".cc", ".h", ".c", ".in"}
RATCHET = "scripts/long_functions.txt"

BLANKED = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r"""|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE)
TYPE = re.compile(r"\b(class|struct|union|enum)\b[^()]*$")
SCOPE = re.compile(r"\bnamespace\b|\bextern\s*\"?\s*\"?$|^\s*extern\b[^()]*$")
ATTRIBUTE = re.compile(r"\balignas\s*\([^()]*(\([^()]*\))?[^()]*\)|\[\[[^\]]*\]\]")
ACCESS = re.compile(r"\b(public|private|protected)\s*:(?!:)")
OPERATOR = re.compile(r"\boperator\s*(\(\s*\)|[^\s\w(]+)")


def blank(text):
    """The text with comments, strings and preprocessor lines replaced by blanks, line by line."""
    return BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)


def at_top(head):
    """The head with everything inside parentheses and brackets removed."""
    out, depth = [], 0
    for char in head:
        depth -= char in ")]"
        if depth == 0:
            out.append(char)
        depth += char in "(["
    return "".join(out)


def classify(head):
    """What a brace opens at namespace or class level, from the text before it."""
    head = ATTRIBUTE.sub(" ", OPERATOR.sub(" operator_", head)).strip()
    if SCOPE.search(head) or TYPE.search(head):
        return "scope"
    top = at_top(head)
    if "=" in re.sub(r"<=>|[<>=!]=", "", top):
        return "function" if re.search(r"\[\]\s*(\(\))?[^()=]*$", top) else "initialiser"
    if "()" not in top:
        return "initialiser"
    after = top[top.index("()"):]  # a constructor's list: `) : member_{...}` goes on after the brace
    in_list = re.search(r"\)[^:()]*:(?!:)", after)
    if in_list and not head.endswith((")", "}")):
        return "initialiser"
    return "function"


def name_of(head):
    """A short name: what stands before the first parenthesis, with a test macro's arguments."""
    head = " ".join(head.split())
    test = re.search(r"\b((?:TYPED_)?TEST(?:_[FP])?)\(([^)]*)\)", head)
    if test:
        return f"{test.group(1)}({test.group(2).replace(' ', '')})"
    words = re.split(r"[\s*&]", head.split("(")[0].strip())
    return words[-1] or "lambda"


def cpp_functions(text):
    """(name, first line, lines) of each function; ValueError when the braces do not balance."""
    text = blank(text)
    found, stack, head, line, inside = [], [], "", 1, 0  # inside: open functions
    for piece in re.findall(r"[{};]|[^{};]+", text):
        line += piece.count("\n")
        if piece == "{":
            kind = "block" if inside else classify(head)
            first = line - head.lstrip().count("\n")
            stack.append((kind, first, head))
            inside += kind == "function"
            head = head if kind == "initialiser" else ""
        elif piece == "}":
            if not stack:
                raise ValueError(f"a closing brace too many at line {line}")
            kind, first, head = stack.pop()
            inside -= kind == "function"
            if kind == "function":
                found.append((name_of(head), first, line - first + 1))
            head = head + "{}" if kind == "initialiser" else ""
        elif inside:
            continue
        elif piece == ";":
            head = ""
        else:
            head += ACCESS.sub("", piece)
    if stack:
        raise ValueError("the braces do not balance")
    return found


def python_functions(text):
    return [(node.name, node.lineno, node.end_lineno - node.lineno + 1)
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def shell_functions(text):
    found, name, first = [], "", 0
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"(?:function\s+)?([\w-]+)\s*\(\)\s*[{(]\s*$", line)
        if match:
            name, first = match.group(1), number
        elif name and line.rstrip() in ("}", ")"):
            found.append((name, first, number - first + 1))
            name = ""
    return found


def language(path, text):
    if path.suffix in CPP:
        return cpp_functions
    if path.suffix == ".py" or text.startswith("#!/usr/bin/env python3"):
        return python_functions
    if path.suffix == ".sh" or re.match(r"#!/(usr/)?bin/(env )?(ba)?sh", text):
        return shell_functions
    return None


def read_ratchet(root):
    path = root / RATCHET
    if not path.is_file():
        return {}
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {(row[0], row[1]): int(row[2]) for row in rows if row and not row[0].startswith("#")}


def check_file(name, text, find, allowed, used):
    limit, most = LIMITS[name.split("/")[0]]
    lines = text.count("\n")
    if lines > limit:
        yield f"{name}: {lines} lines, at most {limit}: split it at its second subject"
    try:
        functions = find(text)
    except (ValueError, SyntaxError) as error:
        yield f"{name}: cannot be read: {error}"
        return
    for function, first, length in functions:
        if length <= most:
            continue
        used[(name, function)] = length
        if length > allowed.get((name, function), 0):
            yield f"{name}:{first}: {function} has {length} lines, at most {most}"


def check(root):
    """Everything wrong, the number of files and of functions seen."""
    problems, files, functions = [], 0, 0
    allowed, used = read_ratchet(root), {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            try:
                text = path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue
            find = language(path, text)
            if find is None:
                continue
            files += 1
            name = path.relative_to(root).as_posix()
            before = len(problems)
            problems.extend(check_file(name, text, find, allowed, used))
            if len(problems) == before or "cannot be read" not in problems[-1]:
                functions += len(find(text))
    for key, length in allowed.items():
        if used.get(key, 0) < length:
            problems.append(f"{RATCHET}: {key[0]} {key[1]} may have {length} lines and has "
                            f"{used.get(key, 'fewer than the limit')}: lower or remove the entry")
    return problems, files, functions


def body(lines):
    """A function body that makes the whole function `lines` long under a one-line head."""
    return "{\n" + "  go();\n" * (lines - 2) + "}\n"


SAMPLE = {  # file -> (text, number of problems, functions found in it)
    "src/base/short.cc": ("int f() " + body(60), 0, 1),
    "src/base/long.cc": ("int f() " + body(61), 1, 1),
    "src/base/head.cc": ("int f(int a,\n      int b)\n    noexcept " + body(59), 1, 1),
    "src/base/file.cc": ("// x\n" * 401, 1, 0),
    "src/base/full.cc": ("// x\n" * 400, 0, 0),
    "tests/base/full.cc": ("// x\n" * 500 + "int f() " + body(70), 1, 1),
    "tests/base/long.cc": ("// x\n" * 400 + "int f() " + body(71), 1, 1),
    "drivers/x/file.cc": ("// x\n" * 700, 0, 0),
    "drivers/x/long.cc": ("// x\n" * 701, 1, 0),
    "src/base/decoys.cc": (
        "namespace a::b {\n// void f() {\nconst char* s = \"{{{ \\\" {\"; /* { */\n"
        "const char* r = R\"x(}}} \" )x\"; char c = '{'; int big = 1'000'000;\n"
        "#define OPEN {\\\n  {\nenum class E : int { kA, kB };\nstruct alignas(64) S { int a{1}; };\n"
        "constexpr int kX[] = {1, 2};\nconst std::array<int, 2> kY{{f(1), 2}};\n}\n", 0, 0),
    "src/base/kinds.cc": (
        "class A final : public B {\n public:\n  A() : x_{1}, y_(2), z_{3} {}\n"
        "  ~A() override = default;\n  bool operator()(int a = 3) const { return a == 3; }\n"
        "  bool operator==(const A&) const { return true; }\n  int x_ = 1;\n};\n"
        "template <typename T> requires (sizeof(T) > 4) auto g(T t) -> int { return t; }\n"
        "const auto kF = [](int x) { return x; };\nTEST(Suite, Name) { EXPECT_TRUE(true); }\n"
        "A::A(int v) : A(B{v}) { if (v) { f(); } }\nextern \"C\" { void h(void) {} }\n", 0, 8),
    "src/base/method.cc": ("struct A {\n  A() : x_{1}, y_{2} " + body(61) + "};\n", 1, 1),
    "src/base/hot.cc": ("template <bool kStamp>\nvoid loop(int (&a)[4]) " + body(60), 1, 1),
    "src/base/broken.cc": ("void f() {\n", 1, 0),
    "src/base/grandfathered.cc": ("int old() " + body(80) + "int grown() " + body(91), 1, 2),
    "scripts/long.py": ("def f():\n" + "    go()\n" * 70, 1, 1),
    "scripts/tool": ("#!/bin/bash\nf() {\n" + "go\n" * 69 + "}\n", 1, 1),
    "scripts/long_functions.txt": (
        "src/base/grandfathered.cc old 80\nsrc/base/grandfathered.cc grown 90\n"
        "src/base/short.cc f 75\nsrc/base/gone.cc f 75\n", 2, 0),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _, _) in SAMPLE.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        problems, _, functions = check(root)
    wrong = 0
    for name, (_, expected, _) in SAMPLE.items():
        found = [text for text in problems if text.startswith(name + ":")]
        good = len(found) == expected
        wrong += not good
        print(f"{'ok' if good else 'not ok'} {name}" +
              ("" if good else f": expected {expected}, found {found}"))
    expected = sum(row[2] for row in SAMPLE.values())
    good = functions == expected
    print("ok functions counted" if good else
          f"not ok functions counted: expected {expected}, found {functions}")
    return 1 if wrong or not good else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    problems, files, functions = check(root)
    for problem in problems:
        print(f"not ok {problem}")
    if files == 0:
        print(f"not ok sizes: no sources under {root}")
        return 1
    if not problems:
        print(f"ok sizes of {files} files, {functions} functions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
