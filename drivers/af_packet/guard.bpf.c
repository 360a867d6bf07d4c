// Runs where tc's ingress hook runs: behind the AF_PACKET taps, before the host's own stack. Drops
// what the taps were opened for (Steering, io/backend.h) and leaves the rest alone.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "guard_config.h"

const volatile struct wireproof_guard_config config;

/* Frames that the guard let through and that perhaps nobody listens for: the kernel then counts
   them among the interface's rx_dropped. IPv4 and ARP are always listened for. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 1);
} unheard SEC(".maps");

static __always_inline void count_unheard(struct __sk_buff* frame) {
  const __u32 only = 0;
  __u16 type = 0;
  if (bpf_skb_load_bytes(frame, 12, &type, sizeof type) == 0 &&
      (type == bpf_htons(ETH_P_IP) || type == bpf_htons(ETH_P_ARP))) {
    return;
  }
  __u64* counter = bpf_map_lookup_elem(&unheard, &only);
  if (counter) ++*counter;
}

static __always_inline int prefix_matches(__u32 index, __u32 v6, const __u32* to) {
  if (index >= config.prefixes || config.prefix[index].v6 != v6) return 0;
  for (__u32 word = 0; word < 4; ++word) {
    if (word > 0 && !v6) break;
    if ((to[word] & config.prefix[index].mask[word]) != config.prefix[index].address[word])
      return 0;
  }
  return 1;
}

static __always_inline int is_ours(struct __sk_buff* frame, __u32 v6, __u32 to_offset,
                                   __u32 udp_offset) {
  __u32 to[4] = {};
  __u16 port;
  if (bpf_skb_load_bytes(frame, to_offset, to, v6 ? 16 : 4) < 0) return 0;
  if (bpf_skb_load_bytes(frame, udp_offset + 2, &port, sizeof port) < 0) return 0;
  if (port != config.l4_port) return 0;
  for (__u32 i = 0; i < WIREPROOF_GUARD_PREFIXES_MAX; ++i) {
    if (prefix_matches(i, v6, to)) return 1;
  }
  return 0;
}

static __always_inline int match(struct __sk_buff* frame) {
  __u16 type;
  __u8 byte;
  if (config.everything) return 1;
  if (frame->vlan_present && frame->vlan_proto != bpf_htons(ETH_P_8021Q)) return 0;
  if (bpf_skb_load_bytes(frame, 12, &type, sizeof type) < 0) return 0;
  if (type == bpf_htons(ETH_P_IPV6)) {
    if (bpf_skb_load_bytes(frame, 20, &byte, 1) < 0 || byte != IPPROTO_UDP) return 0;
    return is_ours(frame, 1, 38, 54);
  }
  if (type != bpf_htons(ETH_P_IP)) return 0;
  if (bpf_skb_load_bytes(frame, 23, &byte, 1) < 0 || byte != IPPROTO_UDP) return 0;
  if (bpf_skb_load_bytes(frame, 20, &type, sizeof type) < 0) return 0;
  if (type & bpf_htons(0x1fff)) return 0;
  if (bpf_skb_load_bytes(frame, 14, &byte, 1) < 0) return 0;
  return is_ours(frame, 0, 30, 14 + (byte & 0xf) * 4);
}

// -1 goes on with the next program of the hook (TCX_NEXT), or, as a direct-action classifier, with
// the next filter (TC_ACT_UNSPEC).
SEC("tc") int wireproof_guard(struct __sk_buff* frame) {
  if (match(frame)) return TC_ACT_SHOT;
  count_unheard(frame);
  return -1;
}

char wireproof_guard_license[] SEC("license") = "GPL";
