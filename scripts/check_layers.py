#!/usr/bin/env python3
"""The include rules of docs/ARCHITECTURE.md, as a test: a layer depends only on lower layers, each outside
library has one home, and what differs between backends is asked of them, never of their names.

    check_layers.py [ROOT]       prints every include that breaks a rule; exit 1 if there is one
    check_layers.py --self-test  proves on a bad sample tree that each rule can fail
"""

import pathlib
import re
import sys
import tempfile

# Folder of src/ -> folders of src/ it may include besides itself.
MAY_INCLUDE = {
    "base": "",
    "packet": "base",
    "io": "base",
    "trial": "base",
    "stats": "base",
    "traffic": "base packet stats",  # and ALSO, below
    "search": "base trial",
    "tcp": "base stats",
    "engine": "base packet io trial stats traffic",
    "settings": "base packet io trial stats traffic search engine",
    "suite": "base trial search",
    "report": "base trial traffic tcp io search",
    "job": "base packet io trial stats traffic search suite engine settings report",
    "control": "base packet io trial stats traffic search tcp engine settings suite report job",
    "mesh": "base packet io trial stats traffic search tcp engine settings suite report job control",
}
# Single headers that a folder may include although it may not include their folder.
ALSO = {"traffic": {"io/frame.h", "trial/receive_counts.h"}}
# What report takes from a lower layer is its result and spec types, never its machinery.
REPORT_ONLY = {"io": {"io/backend.h", "io/backend_set.h", "io/tx_stamp_samples.h"}}

# Outside header (by prefix) -> places that may include it: a file without its ending, or a folder.
HOMES = {
    "CLI/": ["tools/command_line", "tests"],
    "nlohmann/": ["src/report", "src/control", "tests"],
    "zlib.h": ["src/report"],
    "rte_": ["drivers/dpdk", "tests/bench"],
    "xdp/": ["drivers/af_xdp"],
    "bpf/": ["drivers/af_xdp", "drivers/af_packet", "tests/support", "tests/bench"],
    "liburing": ["drivers/io_uring", "src/tcp/uring"],
    "microhttpd": ["src/control/http_server"],
    "gtest/": ["tests"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SOURCES = {".h", ".cc", ".c", ".in"}
NAMES = "(loopback|af_packet|af_xdp|dpdk|io_uring)"
COMPARED = re.compile(f'[=!]= *"{NAMES}"|"{NAMES}" *[=!]=|"{NAMES}:')


def includes(path):
    """(line number, quote, header) of each include; comments are looked through line by line."""
    block = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if block:
            block = "*/" not in line
            continue
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)
        elif line.lstrip().startswith("/*"):
            block = "*/" not in line


def inside(name, home):
    """Is the file `name` the home itself (with any ending) or below it?"""
    return name.startswith(home + "/") or name.rsplit(".", 1)[0] == home


def check_home(name, header):
    for prefix, homes in HOMES.items():
        if header.startswith(prefix) and not any(inside(name, home) for home in homes):
            return f"<{header}> belongs to {' and '.join(homes)} alone"
    return ""


def own_folder(root, header):
    """The top-level and the folder our own header lives in, or None for an outside one."""
    for top, at in (("src", root / "src"), ("drivers", root / "drivers"),
                    ("tests", root / "tests"), ("", root)):
        if "/" in header and (at / header).is_file():
            full = f"{top}/{header}" if top else header
            parts = full.split("/")
            return parts[0], parts[1] if len(parts) > 2 else ""
    return None


def check_src(folder, header, target):
    top, other = target
    if top != "src":
        return f"src never includes {top}"
    if folder not in MAY_INCLUDE:
        return f"src/{folder} is not in the table of scripts/check_layers.py"
    if other == folder or header in ALSO.get(folder, ()):
        return ""
    if other not in MAY_INCLUDE[folder].split():
        return f"{folder} may include {MAY_INCLUDE[folder] or 'nothing of src'}, not {other}"
    if folder == "report" and header not in REPORT_ONLY.get(other, {header}):
        return f"report takes types from {other}, not {header}"
    return ""


def check_driver(driver, target):
    top, other = target
    if top == "src" and other not in ("base", "io"):
        return f"a driver includes src/base and src/io, not src/{other}"
    if top == "drivers" and other != driver:
        return f"a driver never includes another driver ({other})"
    if top not in ("src", "drivers"):
        return f"a driver never includes {top}"
    return ""


def check_include(root, name, quote, header):
    """Why this include breaks a rule; empty when it does not."""
    parts = name.split("/")
    folder = parts[1] if len(parts) > 2 else ""
    wrong = check_home(name, header)
    if wrong:
        return wrong
    target = own_folder(root, header)
    if target is None:
        made_here = (parts[0], folder) if parts[0] != "tests" else ()
        generated = "/" not in header or header.split("/")[0] in made_here
        if quote == '"' and not generated:
            return f'"{header}" does not exist; outside headers are included with <>'
        return ""
    if quote == "<":
        return f'<{header}> is our own: include it with ""'
    if parts[0] == "src":
        return check_src(folder, header, target)
    if parts[0] == "drivers":
        return check_driver(folder, target)
    if parts[0] == "tools" and target[0] == "tests":
        return "tools never includes tests"
    return ""


def compared_names(path):
    """(line number, what is wrong) of each backend that is told by its name."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if COMPARED.search(line):
            yield number, "a backend's name is compared: ask its nature (io/port_nature.h)"


def check(root):
    """All broken rules, and the number of files looked at."""
    problems, files = [], 0
    for top in ("src", "drivers", "tools", "tests"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in SOURCES or not path.is_file():
                continue
            files += 1
            name = path.relative_to(root).as_posix()
            for number, quote, header in includes(path):
                wrong = check_include(root, name, quote, header)
                if wrong:
                    problems.append(f"{name}:{number}: {wrong}")
            if top in ("src", "tools"):
                problems += [f"{name}:{number}: {wrong}" for number, wrong in compared_names(path)]
    return problems, files


SAMPLE = {  # file -> (text, the number of problems it must cause)
    "src/base/good.h": ("#include <vector>\n", 0),
    "src/base/up.h": ('#include "io/good.h"\n', 1),
    "src/io/good.h": ('#include "base/good.h"\n// #include "engine/x.h"\n', 0),
    "src/io/frame.h": ("", 0),
    "src/trial/good.h": ('#include "base/good.h"\n', 0),
    "src/stats/good.h": ('#include "base/good.h"\n', 0),
    "src/packet/sideways.cc": ('#include "io/frame.h"\n', 1),
    "src/traffic/good.cc": ('#include "io/frame.h"\n#include "stats/good.h"\n', 0),
    "src/traffic/bad.cc": ('#include "io/good.h"\n', 1),
    "src/search/bad.cc": ('#include "stats/good.h"\n#include "trial/good.h"\n', 1),
    "src/engine/json.cc": ("#include <nlohmann/json.hpp>\n", 1),
    "src/stats/zlib.cc": ("#include <zlib.h>\n", 1),
    "src/engine/tools.cc": ('#include "tools/command_line.h"\n', 1),
    "src/engine/driver.cc": ('#include "loopback/loopback.h"\n', 1),
    "src/engine/angle.cc": ("#include <base/good.h>\n", 1),
    "src/report/good.cc": ("#include <nlohmann/json.hpp>\n", 0),
    "src/unheard_of/x.cc": ('#include "base/good.h"\n', 1),
    "drivers/loopback/loopback.h": ('#include "io/good.h"\n', 0),
    "drivers/loopback/bad.cc": ('#include "trial/good.h"\n', 1),
    "drivers/af_xdp/good.cc": ("#include <xdp/xsk.h>\n#include <bpf/bpf.h>\n", 0),
    "drivers/af_xdp/bad.cc": ('#include "loopback/loopback.h"\n#include <liburing.h>\n', 2),
    "drivers/io_uring/bad.cc": ("  #  include <xdp/xsk.h>\n", 1),
    "tools/command_line.h": ("", 0),
    "tools/command_line.cc": ("#include <CLI/CLI.hpp>\n", 0),
    "tools/main.cc": ("#include <CLI/CLI.hpp>\n#include <gtest/gtest.h>\n", 2),
    "tools/names.cc": ('if (backend == "dpdk" || "loopback" != name) {}\nsay("dpdk");\n'
                       'bool at = port.starts_with("io_uring:");\n', 2),
    "drivers/dpdk/names.cc": ('if (backend == "dpdk") {}\n', 0),
    "tests/io/x_test.cc": ("#include <gtest/gtest.h>\n#include \"io/missing.h\"\n", 1),
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in SAMPLE.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        problems, files = check(root)
    wrong = 0
    if files != len(SAMPLE):
        wrong += 1
        print(f"not ok sample tree: looked at {files} files of {len(SAMPLE)}")
    for name, (_, expected) in SAMPLE.items():
        found = [text for text in problems if text.startswith(name + ":")]
        good = len(found) == expected
        wrong += not good
        print(f"{'ok' if good else 'not ok'} {name}" + ("" if good else f": expected {expected}, "
              f"found {found}"))
    return 1 if wrong else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = pathlib.Path(arguments[0] if arguments else ".").resolve()
    problems, files = check(root)
    for problem in problems:
        print(f"not ok {problem}")
    if files == 0:
        print(f"not ok layers: no sources under {root}")
        return 1
    if not problems:
        print(f"ok layers of {files} files")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
