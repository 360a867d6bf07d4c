"""What the host does not have: each refusal is one sentence with the cure and the documented exit
code, leaves the host as it was, and sends nothing.
"""

import json
import os
import sys
import tempfile

from expect import INVALID, OUTPUT, PRECONDITION, USAGE, Standing, document, refused_in
from harness import WIREPROOF, Skip, Suite, Topology, check, run

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
LOAD = ["--rate", "1kpps", "--duration", "100ms", "--warm-up", "0", "--waiting-time", "100ms"]


def trial(backend, tx="t0", rx="t1", *more):
    return ["trial", "--tx", f"{backend}:{tx}", "--rx", f"{backend}:{rx}", *LOAD, *more]


def works(net, arguments):
    """The same trial without what stood in the way, so that the refusal was not about the test."""
    done = net.run("tester", *arguments, "--burst", "1024", "--json")
    assert done.code == 0, done
    document(done.out)


@SUITE.case_for_each(BACKENDS)
def unknown_interface(backend):
    with Topology() as net:
        refused_in(net, *trial(backend, "t00"), PRECONDITION, ["t00", "t0"])
        refused_in(net, *trial(backend, "t0", "t2"), PRECONDITION, ["t2", "did you mean"])
        refused_in(net, *trial(backend, "a-name-of-20-letters"), PRECONDITION, ["a-name-of-20-letters"])
        refused_in(net, *trial(backend, "1"), PRECONDITION, ["'1'"])
        refused_in(net, *trial(backend, "t0/../t1"), PRECONDITION, ["t0/../t1"])


@SUITE.case_for_each(BACKENDS)
def interface_down(backend):
    with Topology() as net:
        net.ip("tester", "link", "set", "t1", "down")
        refused_in(net, *trial(backend), PRECONDITION, ["t1", "down", "ip link set t1 up"])


@SUITE.case_for_each(BACKENDS)
def peer_without_carrier(backend):
    with Topology() as net:
        net.ip("device", "link", "set", "d0", "down")
        refused_in(net, *trial(backend), PRECONDITION, ["t0", "no carrier"])


@SUITE.case_for_each(BACKENDS)
def mtu_too_small(backend):
    with Topology(mtu=600) as net:
        refused_in(net, *trial(backend, "t0", "t1", "--size", "64,1518"), PRECONDITION,
                   ["t0", "MTU", "600", "1518", "mtu 1500"])


@SUITE.case_for_each(BACKENDS)
def same_port_twice(backend):
    with Topology() as net:
        refused_in(net, *trial(backend, "t0", "t0"), USAGE, ["same port", "t0"])


@SUITE.case_for_each(BACKENDS)
def ports_that_no_frame_connects(backend):
    with Topology() as net:
        refused_in(net, "trial", "--tx", f"{backend}:t0", "--rx", "io_uring:127.0.0.1:0", *LOAD, USAGE,
                   ["t0", "io_uring", "layer"])
        refused_in(net, "trial", "--tx", f"{backend}:t0", "--rx", "loopback:b", *LOAD, USAGE,
                   ["t0", "loopback:b"])
        refused_in(net, "trial", "--tx", "loopback:a", "--rx", f"{backend}:t1", *LOAD, USAGE,
                   ["t1", "loopback:a"])


@SUITE.case_for_each(BACKENDS)
def unknown_port_option(backend):
    with Topology() as net:
        option = {"af_packet": "promiscous=on", "af_xdp": "zero-cpy=require"}[backend]
        refused_in(net, *trial(backend, f"t0,{option}"), USAGE, [option.split("=")[0], "did you mean"])
        value = {"af_packet": "guard=xdp", "af_xdp": "zero-copy=maybe"}[backend]
        refused_in(net, *trial(backend, f"t0,{value}"), USAGE, [value])


@SUITE.case_for_each(BACKENDS)
def frame_log_that_cannot_be_written(backend):
    """Found out before a port is opened, not after the trial."""
    with Topology() as net, tempfile.TemporaryDirectory() as folder:
        refused_in(net, *trial(backend, "t0", "t1", "--frame-log", f"{folder}/missing/log.csv"), OUTPUT,
                   ["log.csv", "create the folder"])
        refused_in(net, *trial(backend, "t0", "t1", "--frame-log", "/proc/version"), OUTPUT,
                   ["/proc/version", "name"])


@SUITE.case
def more_queues_than_exist():
    with Topology(queues=2) as net:
        refused_in(net, *trial("af_xdp", "t0", "t1", "--queues", "4", "--flows", "4"), PRECONDITION,
                   ["4 queues", "t0", "2"])


@SUITE.case
def zero_copy_that_is_not_granted():
    with Topology() as net:
        refused_in(net, *trial("af_xdp", "t0,zero-copy=require"), PRECONDITION, ["zero-copy", "t0"])


@SUITE.case
def nobody_knows_where_to():
    with Topology() as net:
        for backend in BACKENDS:
            refused_in(net, "trial", "--tx", f"{backend}:t0", "--rx", "none", *LOAD, USAGE,
                       ["--rx none", "--dst-mac", "--next-hop"])


@SUITE.case_for_each(BACKENDS)
def silent_neighbour(backend):
    """Three ARP requests, and then no frame to nobody."""
    with Topology() as net:
        net.ip("tester", "addr", "add", "198.18.0.2/24", "dev", "t0")
        refused_in(net, *trial(backend, "t0", "t1", "--next-hop", "198.18.0.77"), PRECONDITION,
                   ["198.18.0.77", "does not answer", "t0"], may_send=4)


@SUITE.case_for_each(BACKENDS)
def neighbour_out_of_reach(backend):
    with Topology() as net:
        refused_in(net, *trial(backend, "t0", "t1", "--next-hop", "198.18.0.77"), PRECONDITION,
                   ["198.18.0.77", "t0"], may_send=4)


@SUITE.case_for_each(BACKENDS)
def management_interface(backend):
    with Topology() as net:
        net.ip("tester", "addr", "add", "198.18.0.2/24", "dev", "t0")
        net.ip("tester", "route", "add", "default", "via", "198.18.0.1")
        refused_in(net, *trial(backend), PRECONDITION,
                   ["t0", "default route", "--allow-mgmt-interface"])
        refused_in(net, *trial(backend, "t1", "t0"), PRECONDITION, ["t0", "default route"])
        refused_in(net, "dut", "--a", f"{backend}:t0", "--b", f"{backend}:t1", PRECONDITION,
                   ["t0", "default route"])
        works(net, trial(backend, "t0", "t1", "--allow-mgmt-interface"))


@SUITE.case
def management_interface_over_ipv6():
    with Topology(ipv6=True) as net:
        net.ip("tester", "addr", "add", "2001:2::2/64", "dev", "t0", "nodad")
        net.ip("tester", "-6", "route", "add", "default", "via", "2001:2::1", "dev", "t0")
        done = net.run("tester", *trial("af_packet"))
        assert done.code == PRECONDITION and "default route" in done.err, done


def without(*names):
    """setpriv that takes capabilities away from root for good."""
    drop = ",".join(f"-{name}" for name in names)
    return ["setpriv", "--bounding-set", drop, "--inh-caps", drop, "--"]


ALL_BUT_MEMORY = ("net_raw", "net_admin", "bpf", "sys_admin")
CAPABILITIES = [
    ("af_packet", ["net_raw"], ["CAP_NET_RAW"]),
    ("af_packet", ALL_BUT_MEMORY, ["CAP_NET_RAW"]),
    ("af_xdp", ["net_raw"], ["CAP_NET_RAW"]),
    ("af_xdp", ["net_admin"], ["CAP_NET_ADMIN"]),
    ("af_xdp", ["bpf", "sys_admin"], ["CAP_BPF"]),
    ("af_xdp", ALL_BUT_MEMORY, ["CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_BPF"]),
]


def capability_missing(backend, names, words):
    with Topology() as net:
        refused_in(net, *trial(backend), PRECONDITION, words, prefix=without(*names))


for backend, names, words in CAPABILITIES:
    SUITE.add(f"without_{'_'.join(names)}_{backend}", capability_missing, backend, names, words)


@SUITE.case
def no_capability_and_no_backend_named():
    """Each backend's own reason is told, not the last one's alone."""
    with Topology() as net:
        refused_in(net, "trial", "--tx", "t0", "--rx", "t1", *LOAD, PRECONDITION,
                   ["af_packet", "af_xdp", "CAP_NET_RAW", "CAP_NET_ADMIN"],
                   prefix=without(*ALL_BUT_MEMORY))


@SUITE.case
def less_is_needed_than_everything():
    """af_packet runs on CAP_NET_RAW alone, and says what it could not do."""
    with Topology() as net:
        done = run(*net.inside("tester", *without("net_admin", "bpf", "sys_admin"), WIREPROOF,
                               *trial("af_packet"), "--json"))
        assert done.code == 0, done
        assert any("stack" in note for note in document(done.out)["notes"]), done


@SUITE.case
def memory_that_may_not_be_locked():
    with Topology() as net:
        refused_in(net, *trial("af_xdp", "t0", "t1"), PRECONDITION,
                   ["RLIMIT_MEMLOCK", "1024 KiB", "ulimit -l", "CAP_IPC_LOCK"],
                   prefix=["prlimit", f"--memlock={1 << 20}", *without("ipc_lock", "sys_resource")])
        standing = Standing(net)
        done = run(*net.inside("tester", "prlimit", f"--memlock={1 << 20}", *without("ipc_lock"),
                               WIREPROOF, *trial("af_packet"), "--json"))
        assert done.code == 0, f"rings are not locked memory: {done}"
        standing.same()


def compile_xdp_pass(folder):
    source = os.path.join(folder, "pass.c")
    with open(source, "w", encoding="ascii") as file:
        file.write('__attribute__((section("xdp"), used)) int foreign_pass(void *ctx)\n'
                   '{ return 2; }\nchar _license[] __attribute__((section("license"))) = "GPL";\n')
    done = run("clang", "-O2", "-target", "bpf", "-c", source, "-o", f"{folder}/pass.o")
    if done.code != 0:
        raise Skip(f"needs clang for a foreign XDP program: {done.err.strip()}")
    return f"{folder}/pass.o"


def attached(net, name):
    link = json.loads(net.ip("tester", "-j", "-d", "link", "show", name))[0]
    return link.get("xdp", {}).get("prog", {}).get("id")


@SUITE.case
def foreign_xdp_program():
    """It is named, not replaced, and there afterwards; af_packet works beside it."""
    with tempfile.TemporaryDirectory() as folder, Topology() as net:
        program = compile_xdp_pass(folder)
        for mode in ("xdpdrv", "xdpgeneric"):
            net.ip("tester", "link", "set", "dev", "t1", mode, "obj", program, "sec", "xdp")
            number = attached(net, "t1")
            assert number, "the foreign program is not attached"
            refused_in(net, *trial("af_xdp"), PRECONDITION,
                       ["t1", str(number), "foreign_pass", "not replaced", "af_packet"])
            refused_in(net, "dut", "--a", "af_xdp:t0", "--b", "af_xdp:t1", PRECONDITION,
                       ["t1", str(number)])
            # No device is there: whatever does not come, the program may have taken.
            done = net.run("tester", *trial("af_packet"), "--json")
            assert done.code == INVALID, done
            assert f"XDP program {number}" in document(done.out)["trials"][0]["reason"], done
            assert attached(net, "t1") == number
            net.ip("tester", "link", "set", "dev", "t1", mode, "off")
        works(net, trial("af_xdp"))


@SUITE.case
def two_tests_on_one_interface():
    """The second is refused in words, and the first does not notice."""
    with Topology() as net:
        first = net.start("tester", "trial", "--tx", "af_xdp:t0", "--rx", "af_xdp:t1", "--rate", "1kpps",
                          "--duration", "6s", "--json")
        for _ in range(200):
            if attached(net, "t1"):
                break
            check("sleep", "0.02")
        done = net.run("tester", *trial("af_xdp"))
        assert done.code == PRECONDITION and "another run" in done.err, done
        done = first.wait()
        assert done.code in (0, INVALID), done  # a busy machine may keep it from sending in time
        found = document(done.out)
        assert found["trials"][0]["directions"][0]["counts"]["offered"] > 1000, done


# A tun interface has a carrier as long as somebody holds its other end.
HOLD_TUN = """
import fcntl, struct, time
tun = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(tun, 0x400454CA, struct.pack("16sH22x", b"tun9", 0x1001))  # TUNSETIFF, IFF_TUN | NO_PI
print("held", flush=True)
time.sleep(60)
"""


@SUITE.case
def interfaces_without_ethernet():
    with Topology() as net:
        if not os.path.exists("/dev/net/tun"):
            raise Skip("needs /dev/net/tun")
        holder = net.start_command("tester", sys.executable, "-c", HOLD_TUN)
        holder.wait_for("held")
        net.ip("tester", "link", "set", "tun9", "up")
        for backend in BACKENDS:
            refused_in(net, *trial(backend, "tun9", "t1"), PRECONDITION, ["tun9", "Ethernet"])
        holder.kill()


@SUITE.case
def socket_that_is_taken():
    with Topology() as net:
        taken = net.start_command("tester", sys.executable, "-c",
                                  "import socket, time\n"
                                  "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                                  "s.bind(('127.0.0.1', 9911))\nprint('bound', flush=True)\n"
                                  "time.sleep(30)\n")
        taken.wait_for("bound")
        refused_in_loopback = ["trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "io_uring:127.0.0.1:9911",
                               *LOAD]
        done = run(*net.inside("tester", WIREPROOF, *refused_in_loopback, "--json"))
        assert done.code == PRECONDITION and "9911" in done.err, done
        assert document(done.out)["status"] == "error", done
        taken.kill()


@SUITE.case
def address_of_another_host():
    with Topology() as net:
        done = run(*net.inside("tester", WIREPROOF, "trial", "--tx", "io_uring:198.18.0.9:0", "--rx",
                               "io_uring:127.0.0.1:0", *LOAD, "--json"))
        assert done.code in (USAGE, PRECONDITION) and "198.18.0.9" in done.err, done
        document(done.out)


if __name__ == "__main__":
    sys.exit(SUITE.main())
