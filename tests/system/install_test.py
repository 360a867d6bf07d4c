"""What `meson install` puts where, and that it says what it leaves out: in a build folder of its own, in
which scdoc is hidden.
"""

import glob
import os
import sys
import tempfile

from harness import ROOT, Skip, Suite, run

SUITE = Suite()
# The backends are not asked for: what they need is not looked up either.
PLAIN = [f"-D{name}=disabled" for name in ("af_packet", "af_xdp", "dpdk", "io_uring")]


def path_without_scdoc(folder):
    """A folder with a link to every other program."""
    for place in reversed(os.get_exec_path()):
        for program in os.listdir(place) if os.path.isdir(place) else []:
            link = os.path.join(folder, program)
            if program != "scdoc" and not os.path.lexists(link):
                os.symlink(os.path.join(place, program), link)
    return {**os.environ, "PATH": folder}


def setup(build, env, *options):
    return run("meson", "setup", build, ROOT, "-Dtests=false", *PLAIN, *options, env=env, timeout=120)


def names(pattern, below):
    return {os.path.relpath(path, below) for path in glob.glob(os.path.join(below, pattern))}


@SUITE.case
def documents_without_scdoc():
    """All but the manual page, whose absence is said at setup."""
    if run("sh", "-c", "command -v meson").code != 0:
        raise Skip("needs meson")
    with tempfile.TemporaryDirectory() as folder:
        links, build, root = (os.path.join(folder, name) for name in ("bin", "build", "root"))
        os.mkdir(links)
        env = path_without_scdoc(links)
        done = setup(build, env)
        assert done.code == 0, done
        warned = [line for line in done.out.splitlines() if "WARNING" in line and "scdoc" in line]
        assert warned and "manual page" in warned[0], done.out[-2000:]
        summary = done.out.split("Documents")[-1]
        assert "none: install scdoc" in summary, summary
        done = run("meson", "install", "-C", build, "--no-rebuild", "--tags", "doc", "--destdir", root,
                   env=env, timeout=60)
        assert done.code == 0, done
        found = glob.glob(os.path.join(root, "**/share/doc/wireproof"), recursive=True)
        assert len(found) == 1, found
        for pattern in ("*.md", "docs/*.md", "docs/schema/*.json"):
            wanted = names(pattern, ROOT)
            assert wanted and names(pattern, found[0]) == wanted, (pattern, names(pattern, found[0]))
        refused = setup(os.path.join(folder, "strict"), env, "-Dmanual_page=enabled")
        assert refused.code != 0 and "scdoc" in refused.out + refused.err, refused


@SUITE.case
def manual_page_with_scdoc():
    if run("sh", "-c", "command -v meson && command -v scdoc").code != 0:
        raise Skip("needs meson and scdoc")
    with tempfile.TemporaryDirectory() as folder:
        build = os.path.join(folder, "build")
        done = setup(build, None)
        assert done.code == 0 and "wireproof(1)" in done.out, done
        listed = run("meson", "introspect", "--installed", build).out
        assert "man1/wireproof.1" in listed and "bin/wireproof" in listed, listed


if __name__ == "__main__":
    sys.exit(SUITE.main())
