#!/usr/bin/python3
"""Writes a C++ header with a digest of the headers that a loadable module shares with the program.

usage: scripts/boundary_id.py OUTPUT COMPILER HEADER...

COMPILER is its name and version: two compilers may lay out one type differently.
"""

import hashlib
import sys


def main(output, compiler, *headers):
    digest = hashlib.sha256(compiler.encode())
    for name in sorted(headers):
        with open(name, "rb") as header:
            digest.update(header.read())
    with open(output, "w", encoding="utf-8") as made:
        made.write("// Written by scripts/boundary_id.py.\n#pragma once\n\n"
                   "namespace wireproof::dpdk {\n\n"
                   f'inline constexpr const char* kBoundaryId = "{digest.hexdigest()}";\n\n'
                   "}  // namespace wireproof::dpdk\n")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
