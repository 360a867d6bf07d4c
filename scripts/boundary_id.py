#!/usr/bin/python3
"""Writes a C++ header with a digest of what a loadable module and the program must have in common.

usage: scripts/boundary_id.py OUTPUT DEPFILE ROOT HEADER COMPILER...
       scripts/boundary_id.py --self-test COMPILER...

The digest is of HEADER, of every header that it includes, however deep, and of the compiler's
version: a list by hand would one day lack the header whose new field makes the two sides disagree.
COMPILER is its command with the flags that find the headers; its own -M says which they are. Names
of ours are taken below ROOT, so that one source gives one digest wherever it lies. DEPFILE tells
ninja which headers were read.
"""

import hashlib
import os
import subprocess
import sys
import tempfile


def asked(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def reached(header, compiler):
    """The real paths of the header and of all that it includes, sorted."""
    rule = asked(*compiler, "-x", "c++", "-M", header)
    names = rule.split(":", 1)[1].replace("\\\n", " ").replace("\\ ", "\0").split()
    return sorted({os.path.realpath(name.replace("\0", " ")) for name in names})


def digest_of(root, paths, compiler):
    digest = hashlib.sha256(asked(*compiler, "--version").encode())
    root = os.path.realpath(root) + os.sep
    for path in paths:
        with open(path, "rb") as header:
            text = header.read()
        digest.update(f"\n{path.removeprefix(root)} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()


def main(output, depfile, root, header, *compiler):
    paths = reached(header, compiler)
    with open(output, "w", encoding="utf-8") as made:
        made.write("// Written by scripts/boundary_id.py.\n#pragma once\n\n"
                   "namespace wireproof::dpdk {\n\n"
                   "inline constexpr const char* kBoundaryId =\n"
                   f'    "{digest_of(root, paths, compiler)}";\n\n'
                   "}  // namespace wireproof::dpdk\n")
    with open(depfile, "w", encoding="utf-8") as made:
        made.write(f"{output}: " + " ".join(path.replace(" ", "\\ ") for path in paths) + "\n")


def self_test(*compiler):
    """In a made-up tree a change to each header reached changes the digest, and no other does; and
    ours reaches every header of the boundary."""
    tree = {"entry.h": '#include "io/a.h"\n#include <cstdint>\n',
            "io/a.h": '#pragma once\n#include "io/deep.h"\n',
            "io/deep.h": '#include "base/last.h"\n#include "io/a.h"\n', "base/last.h": "\n",
            "base/other.h": "\n"}

    def write(root, name, text):
        os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            file.write(text)

    def digest(root):
        words = [*compiler, "-I", root]
        return digest_of(root, reached(os.path.join(root, "entry.h"), words), compiler)

    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as elsewhere:
        for name, text in tree.items():
            write(root, name, text)
            write(elsewhere, name, text)
        before = digest(root)
        assert digest(elsewhere) == before, "the place is no part of it"
        for name, text in tree.items():
            write(root, name, text + "struct More { int field; };\n")
            assert (digest(root) != before) == (name != "base/other.h"), name
            write(root, name, text)
        assert digest(root) == before
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    paths = reached(os.path.join(ours, "drivers/dpdk/module.h"),
                    [*compiler, "-I", os.path.join(ours, "src")])
    names = {os.path.relpath(path, ours) for path in paths}
    assert {"drivers/dpdk/module.h", "src/io/backend.h", "src/io/frame.h",
            "src/io/tx_stamp_samples.h", "src/base/result.h", "src/base/clock.h"} <= names, names


if __name__ == "__main__":
    if sys.argv[1:2] == ["--self-test"] and len(sys.argv) > 2:
        self_test(*sys.argv[2:])
    elif len(sys.argv) < 6:
        sys.exit(__doc__)
    else:
        main(*sys.argv[1:])
