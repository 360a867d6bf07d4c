"""What each shell offers behind `wireproof`, asked of the shell itself: the verbs, the flags of a verb as
its help lists them, and the words that a flag takes."""

import os
import re
import subprocess
import sys

from flags_test import flags_in
from harness import BUILD, Suite, wireproof

SUITE = Suite()
VERBS = ("trial", "search", "rfc2544", "calibrate", "dut", "backends", "doctor", "cleanup")
FILES = {"bash": "wireproof", "zsh": "_wireproof", "fish": "wireproof.fish"}
# What zsh's own functions are handed, which know how to offer it (zshcompsys(1)).
ZSH = """
_arguments() { print -rl -- "$@" }
_values() { shift; print -rl -- "$@" }
path_of_it=$1; shift
words=("$@") CURRENT=$#
source $path_of_it
"""


def folder():
    return os.path.join(BUILD, "completion")


def asked(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stderr == "", done
    return done.stdout


def bash(*words):
    script = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wireproof; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    path = os.path.join(folder(), FILES["bash"])
    return asked("bash", "-c", script, "bash", path, "wireproof", *words).split()


def fish(*words):
    path = os.path.join(folder(), FILES["fish"])
    line = " ".join(("wireproof", *words))
    text = asked("fish", "--no-config", "-c", f"source {path}; complete -C '{line}'")
    return [offered.split("\t")[0] for offered in text.splitlines()]


def long_flags(verb):
    return {flag for flag in flags_in(wireproof(verb, "--help").out) if flag.startswith("--")}


@SUITE.case
def bash_offers_what_there_is():
    assert set(VERBS) < set(bash("")), bash("")
    assert bash("sea") == ["search"], bash("sea")
    for verb in VERBS:
        assert set(bash(verb, "--")) == long_flags(verb) | {"--config"}, (verb, bash(verb, "--"))
    assert bash("trial", "--flow-order", "") == ["permuted", "sequential"]
    assert bash("trial", "--tx-stamp", "f") == ["frame"]
    assert bash("trial", "--rate", "") == [] == bash("dut", "--delay", "1")
    assert "/etc/passwd" in bash("trial", "--frame-log", "/etc/passw")


@SUITE.case
def fish_offers_what_there_is():
    assert set(VERBS) <= set(fish("")), fish("")
    for verb in VERBS:
        offered = {word for word in fish(verb, "--") if word.startswith("--")}
        assert offered | {"--help"} == long_flags(verb) | {"--config"}, (verb, offered)
    assert set(fish("trial", "--flow-order", "")) == {"permuted", "sequential"}
    assert fish("trial", "--tx-stamp", "f") == ["frame"]


def zsh(*words):
    path = os.path.join(folder(), FILES["zsh"])
    asked("zsh", "-n", path)
    return asked("zsh", "-f", "-c", ZSH, "zsh", path, "wireproof", *words).splitlines()


@SUITE.case
def zsh_is_told_what_there_is():
    assert zsh("") == list(VERBS), zsh("")
    for verb in VERBS:
        specs = zsh(verb, "")
        flags = {re.match(r"\*?(--[-a-z0-9]+)\[", spec).group(1) for spec in specs}
        assert flags == long_flags(verb) | {"--config"}, (verb, flags)
    assert any(spec.endswith(":ORDER:(permuted sequential)") for spec in zsh("trial", ""))
    assert any(spec.startswith("--frame-log[") and spec.endswith(":FILE:_files") for spec in zsh("trial", ""))
    assert any(spec.startswith("*--goal[") for spec in zsh("search", "")), "it may be given again"


if __name__ == "__main__":
    sys.exit(SUITE.main())
