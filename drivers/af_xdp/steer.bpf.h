// The XDP program on a tester's port: hands the test's own frames to the AF_XDP sockets, with the
// time of their arrival in front of them, and leaves everything else to the host. Included by the
// two forms of it: steer.bpf.c and steer_hint.bpf.c, which say what else goes with a frame.
// Sources: linux/Documentation/networking/af_xdp.rst; IEEE 802.1Q 9.6; RFC 791 3.1; RFC 8200 3.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "steer_config.h"

// The NIC's own stamp of a frame, or 0; and the words in front of a frame: the stamp, before it the
// hint where there are two. Defined by whoever includes this.
static __always_inline __u64 hint_of(const struct xdp_md* frame);

const volatile struct wireproof_steer_config config;

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __type(key, __u32);
  __type(value, __u32);
  __uint(max_entries, 1);  // set to the number of queues before loading
} sockets SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, WIREPROOF_STEER_COUNTERS);
} counters SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 1);
} marks SEC(".maps");

struct vlan_tag {
  __be16 control;
  __be16 ether_type;
};

static __always_inline void count(__u32 which) {
  __u64* counter = bpf_map_lookup_elem(&counters, &which);
  if (counter) ++*counter;
}

static __always_inline int redirect(struct xdp_md* frame) {
  int stamped = 0;
  const __u64 hint = hint_of(frame);
  if (bpf_xdp_adjust_meta(frame, -(int)(kNoteWords * sizeof(__u64))) == 0) {
    __u64* note = (void*)(long)frame->data_meta;
    if ((void*)(note + kNoteWords) <= (void*)(long)frame->data) {
      if (kNoteWords > 1) note[0] = hint;
      note[kNoteWords - 1] = bpf_ktime_get_ns();
      stamped = 1;
    }
  }
  if (!stamped) count(WIREPROOF_STAMP_REFUSED);
  // Without a socket on this queue the frame is dropped and counted: given to the host it would
  // draw an answer (ICMP port unreachable) and look like loss in the device under test.
  if (bpf_redirect_map(&sockets, frame->rx_queue_index, XDP_DROP) == XDP_REDIRECT) {
    return XDP_REDIRECT;
  }
  count(WIREPROOF_NO_SOCKET);
  return XDP_DROP;
}

static __always_inline int ours_v4(__u32 destination) {
#pragma unroll
  for (__u32 i = 0; i < WIREPROOF_STEER_PREFIXES; ++i) {
    if (i < config.count_v4 && (destination & config.v4[i].mask[0]) == config.v4[i].address[0]) {
      return 1;
    }
  }
  return 0;
}

static __always_inline int ours_v6(const struct in6_addr* destination) {
#pragma unroll
  for (__u32 i = 0; i < WIREPROOF_STEER_PREFIXES; ++i) {
    if (i >= config.count_v6) break;
    __u32 differs = 0;
#pragma unroll
    for (__u32 word = 0; word < 4; ++word) {
      differs |= (destination->in6_u.u6_addr32[word] & config.v6[i].mask[word]) ^
                 config.v6[i].address[word];
    }
    if (!differs) return 1;
  }
  return 0;
}

static __always_inline int our_port(const void* at, const void* end) {
  const struct udphdr* udp = at;
  return (const void*)(udp + 1) <= end && udp->dest == config.l4_port;
}

// Behind IP options the place of the UDP header is a variable, which the kernel allows in pointer
// arithmetic only with CAP_PERFMON: such frames are rare, so they are read by copy.
static __always_inline int our_port_at(struct xdp_md* frame, __u32 offset) {
  struct udphdr udp;
  return bpf_xdp_load_bytes(frame, offset, &udp, sizeof udp) == 0 && udp.dest == config.l4_port;
}

// Of datagrams that are not for the test's address and port, those that the running trial sent:
// the path gave them another. They are of no use to the host, which would answer them.
static __always_inline int is_marked(struct xdp_md* frame, __u32 udp_offset) {
  const __u32 index = 0;
  const __u64* mark = bpf_map_lookup_elem(&marks, &index);
  __u32 head = 0;
  if (!mark || !(*mark & WIREPROOF_MARK_SET)) return 0;
  if (bpf_xdp_load_bytes(frame, udp_offset + sizeof(struct udphdr), &head, sizeof head)) return 0;
  return head == (__u32)*mark;
}

static __always_inline int is_ours_v4(struct xdp_md* frame, __u32 offset, const void* at,
                                      const void* end) {
  const struct iphdr* ip = at;
  if ((const void*)(ip + 1) > end || ip->version != 4 || ip->ihl < 5) return 0;
  if (ip->protocol != IPPROTO_UDP) return 0;
  // A later fragment has no UDP header.
  if (ip->frag_off & bpf_htons(0x1fff)) return 0;
  const __u32 udp_offset = offset + ip->ihl * 4;
  if (ours_v4(ip->daddr)) {
    if (ip->ihl == 5 ? our_port(ip + 1, end) : our_port_at(frame, udp_offset)) return 1;
  }
  return is_marked(frame, udp_offset);
}

static __always_inline int is_ours_v6(struct xdp_md* frame, __u32 offset, const void* at,
                                      const void* end) {
  const struct ipv6hdr* ip = at;
  if ((const void*)(ip + 1) > end || ip->version != 6) return 0;
  if (ip->nexthdr != IPPROTO_UDP) return 0;
  if (ours_v6(&ip->daddr) && our_port(ip + 1, end)) return 1;
  return is_marked(frame, offset + sizeof *ip);
}

SEC("xdp")
int wireproof_steer(struct xdp_md* frame) {
  if (config.everything) return redirect(frame);
  const void* end = (void*)(long)frame->data_end;
  const struct ethhdr* ethernet = (void*)(long)frame->data;
  const void* at = ethernet + 1;
  if (at > end) return XDP_PASS;
  __be16 type = ethernet->h_proto;
  __u32 offset = sizeof *ethernet;
  if (type == bpf_htons(ETH_P_8021Q)) {
    const struct vlan_tag* tag = at;
    at = tag + 1;
    offset += sizeof *tag;
    if (at > end) return XDP_PASS;
    type = tag->ether_type;
  }
  int ours = 0;
  if (type == bpf_htons(ETH_P_IP)) ours = is_ours_v4(frame, offset, at, end);
  if (type == bpf_htons(ETH_P_IPV6)) ours = is_ours_v6(frame, offset, at, end);
  if (ours) return redirect(frame);
  if (type != bpf_htons(ETH_P_IP) && type != bpf_htons(ETH_P_ARP)) count(WIREPROOF_UNHEARD);
  return XDP_PASS;
}

// The kernel asks for a licence it knows (bpf_ktime_get_ns and bpf_redirect_map need none).
char licence_name[] SEC("license") = "Dual MIT/GPL";
