// What the control side and the XDP program (steer.bpf.h) agree on. Read by a C and a C++ compiler.
#pragma once

#include <linux/types.h>

#define WIREPROOF_STEER_PREFIXES 4

// Addresses in network byte order; IPv4 in word 0. A destination matches when, word by word,
// (destination & mask) == address.
struct wireproof_prefix {
  __u32 address[4];
  __u32 mask[4];
};

// The program's read-only data, frozen before it is loaded: the verifier then sees constants and
// removes the branches that cannot be taken.
struct wireproof_steer_config {
  __u32 everything;  // redirect all frames
  __u32 l4_port;     // UDP destination port, network byte order
  __u32 count_v4;    // valid entries of v4
  __u32 count_v6;    // valid entries of v6
  struct wireproof_prefix v4[WIREPROOF_STEER_PREFIXES];
  struct wireproof_prefix v6[WIREPROOF_STEER_PREFIXES];
};

// Indices of the per-CPU counter map. Only rare events are counted: a counter per frame would cost
// as much as the parsing.
enum wireproof_steer_counter {
  WIREPROOF_NO_SOCKET,      // ours, on a queue that has no socket: dropped
  WIREPROOF_STAMP_REFUSED,  // redirected without a stamp: the driver has no room for metadata
  WIREPROOF_UNHEARD,        // left to the host, neither IPv4 nor ARP: perhaps nobody listens for it
  WIREPROOF_STEER_COUNTERS,
};

// In the one element of the map `marks`: that there is a mark, which is the lower half, in the byte
// order of the wire.
#define WIREPROOF_MARK_SET (1ULL << 32)

// Bytes in front of the frame that carry the receive stamp (bpf_ktime_get_ns), as a __u64.
#define WIREPROOF_STAMP_BYTES 8
// Bytes in front of the stamp, in the form of the program that reads hints: the NIC's own stamp, as
// a __u64 in whatever the NIC's clock counts; 0: none.
#define WIREPROOF_HINT_BYTES 8
