"""What the documents say exists, exists: commands, flags, paths, and the README's example runs."""

import glob
import os
import re
import shlex
import sys

from harness import ROOT, Skip, Suite, wireproof

SUITE = Suite()
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md",
             *sorted(os.path.relpath(path, ROOT) for path in glob.glob(f"{ROOT}/docs/*.md"))]
# Named as not there yet, or on another host.
ABSENT = {"src/suite", "src/tcp", "src/control", "src/mesh", "drivers/dpdk"}
VERBS = ("trial", "search", "calibrate", "dut", "backends", "doctor", "cleanup")


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def commands(text):
    """Every wireproof command line of the code blocks, continuation lines joined."""
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            match = re.match(r"(?:\$ )?(wireproof .*)", line)
            if match:
                yield shlex.split(match.group(1), comments=True)


def flags_of(*verb):
    done = wireproof(*verb, "--help")
    assert done.code == 0, done
    return set(re.findall(r"--[a-z][a-z0-9-]*", done.out)) | set(re.findall(r"-[A-Za-z]\b", done.out))


@SUITE.case
def flags_in_commands_are_flags_of_the_verb():
    known = {verb: flags_of(verb) for verb in VERBS}
    seen = 0
    for name in DOCUMENTS:
        for words in commands(text_of(name)):
            verb = next((word for word in words[1:] if not word.startswith("-")), None)
            if verb is None:
                continue
            assert verb in VERBS, f"{name}: no verb {verb!r} in {words}"
            for word in words[2:]:
                if word.startswith("-") and not re.match(r"-[0-9]", word):
                    assert word.split("=")[0] in known[verb], f"{name}: {verb} has no {word}"
                    seen += 1
    assert seen > 20, f"only {seen} flags found: the documents are read wrongly"


@SUITE.case
def flags_in_the_manual_exist():
    known = set().union(*(flags_of(verb) for verb in VERBS)) | flags_of()
    for flag in set(re.findall(r"`(--[a-z][a-z0-9-]*)", text_of("docs/manual.md"))):
        assert flag in known, f"docs/manual.md: {flag} is no flag of any verb"


@SUITE.case
def paths_exist():
    pattern = r"`((?:src|drivers|tools|tests|scripts|docs)/[A-Za-z0-9_./-]+)"
    missing, seen = [], 0
    for name in DOCUMENTS:
        for path in re.findall(pattern, text_of(name)):
            path = path.rstrip("./")
            seen += 1
            candidates = glob.glob(f"{ROOT}/{path}*")
            if path not in ABSENT and not candidates:
                missing.append(f"{name}: {path}")
    assert seen > 20, seen
    assert not missing, missing


@SUITE.case
def readme_names_the_two_commands():
    readme = text_of("README.md")
    for command in ("scripts/quickstart", "scripts/test"):
        assert f"\n{command}\n" in readme, command
        assert os.access(os.path.join(ROOT, command), os.X_OK), command


@SUITE.case
def readme_example_runs():
    """The trial that needs no privilege: its verdict, and the counts that do not depend on chance."""
    trials = [words for words in commands(text_of("README.md")) if "loopback:a,loss=0.1%" in words]
    assert len(trials) == 1, trials
    for _ in range(3):
        done = wireproof(*trials[0][1:], timeout=60)
        if done.code == 0:
            break
        assert done.out.startswith("INVALID: tx shortfall"), done
    else:
        raise Skip("this machine is too busy for 5,000 frames/s")
    assert re.match(r"FAIL: \d+ of 2[45]\d{3} offered frames were lost", done.out), done.out[:200]


if __name__ == "__main__":
    sys.exit(SUITE.main())
