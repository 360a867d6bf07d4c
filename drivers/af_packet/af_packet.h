// AF_PACKET rings (Documentation/networking/packet_mmap.rst): raw frames over any Linux network
// interface, with CAP_NET_RAW alone.
//
// Port: af_packet:IFACE[,guard=tcx|clsact|off][,promiscuous=on|off]
//   guard        keeps the steered frames from climbing into the host's own stack, which would
//                answer them (ICMP) or forward them: AF_PACKET only copies. Default: tcx where the
//                kernel has it (6.6), else clsact, else off, with a note in the facts. Named: that
//                or a refusal.
//   promiscuous  also receive what is addressed to other MACs (default off; on with
//                Steering::everything).
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof {

[[nodiscard]] std::unique_ptr<Backend> make_af_packet_backend();

}  // namespace wireproof
