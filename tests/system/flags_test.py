"""Every flag of every verb has a test that shows it at work: the table of flags.txt is held to the
program's own help, and to the text of the cases that it names."""

import ast
import os
import re
import sys

from harness import Suite, wireproof

SUITE = Suite()
HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = "wireproof"  # in the place of a verb: the flags of the program itself
VERBS = ("trial", "search", "rfc2544", "calibrate", "dut", "backends", "doctor", "cleanup")


def rows_of(text):
    """(flag, verbs, [(file, case)]) of each line `FLAG | VERB... | FILE CASE[, FILE CASE...]`."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        cases = [case.split() for case in parts[-1].split(",")]
        assert len(parts) == 3 and parts[1] and all(len(case) == 2 for case in cases), f"line {number}: {line}"
        yield parts[0], parts[1].split(), [tuple(case) for case in cases]


def flags_in(help_text):
    """The spellings that begin a line of a help."""
    found = set()
    for line in re.findall(r"^ +(-\S.*)$", help_text, re.M):
        found |= set(re.match(r"(-[-\w]+(?:,-[-\w]+)*)", line).group(1).split(","))
    return found


class Module:
    """One file of tests, as text: its cases, and all that a case names in it and in its neighbours
    (`load`: a name's Module, or None)."""

    def __init__(self, text, load=lambda name: None):
        self._text, self._load, tree = text, load, ast.parse(text)
        self._parts, self._marked, self._imported = {}, set(), {}
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self._parts[node.name] = node
                if any("SUITE.case" in ast.unparse(mark) for mark in node.decorator_list):
                    self._marked.add(node.name)
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for name in (name for target in targets for name in self._names(target)):
                    self._parts[name] = node
            elif isinstance(node, ast.ImportFrom):
                self._imported |= {name.name: node.module for name in node.names}
            elif "SUITE.add" in ast.unparse(node):  # cases of a table
                self._marked |= set(self._names(node))
        self._marked &= {name for name, node in self._parts.items() if isinstance(node, ast.FunctionDef)}

    @staticmethod
    def _names(node):
        return [found.id for found in ast.walk(node) if isinstance(found, ast.Name)]

    def text_of(self, case):
        """With the functions and tables that it names, and theirs; None: no such case."""
        return self._text_of(case) if case in self._marked else None

    def _text_of(self, first):
        wanted, seen = [first], {}
        while wanted:
            name = wanted.pop()
            if name in seen:
                continue
            other = self._load(self._imported[name]) if name in self._imported else None
            if name in self._parts:
                seen[name] = ast.get_source_segment(self._text, self._parts[name])
                wanted += self._names(self._parts[name])
            else:
                seen[name] = other._text_of(name) if other else ""
        return "\n".join(seen.values())


class Modules(dict):
    """Of the files beside this one; the harness is not looked into: what it has no case chose."""

    def __missing__(self, name):
        path = os.path.join(HERE, f"{name}.py")
        self[name] = None
        if name != "harness" and os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self[name] = Module(file.read(), self.__getitem__)
        return self[name]


def complaints(rows, known, modules):
    """What is wrong with a table, given {verb: flags} and {file: Module}."""
    wrong, told = [], set()
    for flag, verbs, cases in rows:
        for verb in verbs:
            if flag not in known.get(verb, ()):
                wrong.append(f"{verb} has no flag {flag}")
            if (verb, flag) in told:
                wrong.append(f"{flag} of {verb} has two rows")
            told.add((verb, flag))
        texts = []
        for file, case in cases:
            text = modules[file].text_of(case) if modules[file] else None
            if text is None:
                wrong.append(f"{flag}: there is no case {case} in {file}.py")
            elif not re.search(rf"(?<![\w-]){flag}(?![\w-])", text):
                wrong.append(f"{flag}: the text of {case} in {file}.py does not have it")
            texts.append(text or "")
        for verb in verbs:
            if verb != PROGRAM and not any(re.search(rf"[\"']{verb}[\"']", text) for text in texts):
                wrong.append(f"{flag}: none of its cases runs {verb}")
    for verb, flags in known.items():
        wrong += [f"{flag} of {verb} has no row" for flag in sorted(flags) if (verb, flag) not in told]
    return wrong


@SUITE.case
def every_flag_has_a_test():
    known = {}
    for verb in (PROGRAM, *VERBS):
        done = wireproof(*(() if verb == PROGRAM else (verb,)), "--help")
        known[verb] = flags_in(done.out)
        assert done.code == 0 and {"-h", "--help"} <= known[verb], done
    assert len(known["trial"]) > 50, known["trial"]
    with open(os.path.join(HERE, "flags.txt"), encoding="utf-8") as file:
        rows = list(rows_of(file.read()))
    wrong = complaints(rows, known, Modules())
    assert not wrong, "; ".join(wrong)


HELP = """
Options:
  -h,--help                 Print this help message and exit
  --speed TEXT              how fast; see --help
"""
TESTS = """
from sea import WAVES

WORDS = ["--speed", "9"]

def run(): return WORDS

@SUITE.case
def is_fast(): run("sail")

@SUITE.case
def is_wet(): run("sail", WAVES)

@SUITE.case_for_each(VERBS)
def says_help(verb): run_other("sail", "--help", "-h")

def helper(): pass

def of_a_table(): return "sail --speed"

for row in ROWS:
    SUITE.add(row, of_a_table)
"""
WELL = """
# a word
--speed | sail | boat is_fast, boat of_a_table
-h | sail | boat says_help
--help | sail | boat says_help
"""


@SUITE.case
def a_table_that_is_wrong_is_found_out():
    sea = Module('WAVES = "--depth"')
    known, modules = {"sail": flags_in(HELP)}, {"boat": Module(TESTS, {"sea": sea}.get), "raft": None}
    assert "--depth" in modules["boat"].text_of("is_wet")
    assert known["sail"] == {"-h", "--help", "--speed"}, known

    def told(old, new):
        assert old in WELL
        return complaints(list(rows_of(WELL.replace(old, new))), known, modules)

    assert complaints(list(rows_of(WELL)), known, modules) == []
    for old, new, words in (
            ("--help | sail | boat says_help", "", "--help of sail has no row"),
            ("-h | sail", "--heel | sail", "sail has no flag --heel"),
            ("boat is_fast", "raft is_fast", "no case is_fast in raft.py"),
            ("boat is_fast", "boat is_slow", "no case is_slow in boat.py"),
            ("boat is_fast", "boat helper", "no case helper in boat.py"),
            ("boat is_fast", "boat says_help", "says_help in boat.py does not have it"),
            ("-h | sail", "--help | sail", "--help of sail has two rows"),
            ("--speed | sail", "--speed | sail row", "row has no flag --speed"),
            ("--speed | sail", "--speed | sail row", "none of its cases runs row")):
        assert any(words in one for one in told(old, new)), (old, new, told(old, new))
    for line in ("--speed | sail", "--speed | sail | boat", "--speed | | boat is_fast"):
        try:
            list(rows_of(line))
        except AssertionError:
            continue
        raise AssertionError(f"{line!r} was taken for a row")


if __name__ == "__main__":
    sys.exit(SUITE.main())
