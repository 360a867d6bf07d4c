"""What is said of DPDK's ports where something is missing, or cannot be guaranteed."""

import os
import re
import subprocess
import sys
import tempfile

from cable import cable
from dpdk import LOAD, PMDS, memif, needs_module
from expect import PRECONDITION, USAGE, document, refused, sentence
from harness import WIREPROOF, Skip, Suite, Topology, run, wireproof

SUITE = Suite()


@SUITE.case
def what_cannot_be_guaranteed_is_refused():
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)

        def refuse(port, code, words, *more):
            done = net.run("tester", "trial", "--tx", port, "--rx", "none", "--dst-mac",
                           "02:00:00:00:00:09", *LOAD, *more, "--json")
            assert done.code == code, done
            sentence(done, words)
            assert document(done.out)["error"], done

        refuse("dpdk:net_af_xdp0,iface=c0", USAGE, ["net_af_xdp", "af_xdp:c0"])
        refuse("dpdk:net_tap0,iface=wptap,remote=c0", USAGE, ["remote"])
        refuse("dpdk:net_af_packet0", USAGE, ["iface"])
        # Frames on a queue that nobody polls are lost there.
        refuse("dpdk:net_af_packet0,iface=c0,qpairs=2", USAGE, ["qpairs=1", "--queues 2"])
        refuse("dpdk:net_af_packet0,iface=c0", USAGE, ["qpairs=2"], "--queues", "2", "--flows", "2")
        net.ip("tester", "link", "set", "c0", "mtu", "9000")
        refuse("dpdk:net_af_packet0,iface=c0", PRECONDITION, ["1518", "af_packet:c0"], "--size",
               "4000")
        net.ip("tester", "link", "set", "c1", "down")
        refuse("dpdk:net_pcap0,rx_iface=c1,tx_iface=c0", PRECONDITION, ["c1", "down"])


@SUITE.case
def a_missing_right_is_called_one():
    needs_module()
    if os.geteuid() != 0:
        raise Skip("needs root to be nobody")
    with Topology(pairs=0) as net:
        cable(net)
        for port in ("net_af_packet0,iface=c0", "net_pcap0,iface=c0", "net_tap0,iface=wptap"):
            done = run(*net.inside("tester", "setpriv", "--reuid", "65534", "--regid", "65534",
                                   "--clear-groups", WIREPROOF, "trial", "--tx", f"dpdk:{port}",
                                   "--rx", "none", "--dst-mac", "02:00:00:00:00:09", *LOAD))
            assert done.code == PRECONDITION, done
            sentence(done, ["not permitted", "root"])
            assert "package" not in done.err, done


@SUITE.case
def the_program_carries_no_dpdk():
    """Which would make each start slow: by what the dynamic linker begins, a dozen libraries."""
    done = subprocess.run([WIREPROOF, "--version"], check=True, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, env={**os.environ, "LD_DEBUG": "files"})
    begun = re.findall(r"calling init: (\S+)", done.stderr)
    assert 2 < len(begun) < 25 and not any("librte" in name for name in begun), begun
    with open(WIREPROOF, "rb") as program:
        assert b"librte_" not in program.read()


@SUITE.case
def unknown_words():
    needs_module()
    none = ["--rx", "none", "--dst-mac", "02:00:00:00:00:09", *LOAD]
    refused("trial", "--tx", "dpdk:net_nul", *none, USAGE, ["net_nul", "net_null"])
    refused("trial", "--tx", "dpdk:net_memif0,rol=server", *none, USAGE, ["rol", "role"])
    refused("trial", "--tx", "dpdk:nosuch0", *none, USAGE, ["nosuch0", "PCI address"])
    refused("trial", "--tx", "dpdk:net_null", "--rx", "dpdk:net_null0", *LOAD, USAGE,
            ["net_null0", "drops every frame"])
    refused("trial", "--tx", "dpdk:net_null0,flow-control=maybe", *none, USAGE, ["flow-control"])


@SUITE.case
def wrong_pci_address():
    needs_module()
    refused("trial", "--tx", "dpdk:0000:7f:1e.7", "--rx", "none", "--dst-mac",
            "02:00:00:00:00:09", *LOAD, PRECONDITION, ["0000:7f:1e.7"])


@SUITE.case
def memif_without_its_server():
    needs_module()
    done = wireproof("trial", "--tx", memif(0, "client", f"wp{os.getpid()}c"), "--rx", "none",
                     "--dst-mac", "02:00:00:00:00:09", *LOAD)
    assert done.code == PRECONDITION, done
    sentence(done, ["net_memif0"])


@SUITE.case
def missing_driver_package():
    """The driver folder without memif's file, as where its package is not installed."""
    needs_module()
    if not PMDS or os.geteuid() != 0:
        raise Skip("needs root and Debian's driver folder")
    folder = os.path.dirname(PMDS[0])
    with tempfile.TemporaryDirectory() as empty:
        for name in os.listdir(folder):
            if "memif" not in name:
                os.symlink(f"/run/wireproof-pmds/{name}", os.path.join(empty, name))
        script = (f"mkdir -p /run/wireproof-pmds && mount --bind {folder} /run/wireproof-pmds && "
                  f"mount --bind {empty} {folder} && exec \"$@\"")
        done = run("unshare", "-m", "sh", "-c", script, "sh", WIREPROOF, "trial", "--tx",
                   "dpdk:net_memif0,role=server", "--rx", "none", "--dst-mac", "02:00:00:00:00:09",
                   *LOAD)
        os.rmdir("/run/wireproof-pmds")
    assert done.code == PRECONDITION, done
    sentence(done, ["net_memif0", "librte-net-memif23"])


@SUITE.case
def without_the_module():
    """A program whose module is not there says what to install, and does the rest as ever."""
    with tempfile.TemporaryDirectory() as folder:
        alone = os.path.join(folder, "wireproof")
        with open(WIREPROOF, "rb") as program, open(alone, "wb") as copy:
            copy.write(program.read())
        os.chmod(alone, 0o755)
        done = run(alone, "trial", "--tx", "dpdk:net_null0", "--rx", "none", "--dst-mac",
                   "02:00:00:00:00:09", *LOAD)
        assert done.code == PRECONDITION, done
        sentence(done, ["module", "wireproof-dpdk", "install"])
        assert run(alone, "trial", "--tx", "loopback:a", "--rx", "loopback:b", *LOAD).code in (0, 6)


if __name__ == "__main__":
    sys.exit(SUITE.main())
