// The receiver behind every sender of scripts/bench: counts each frame where the driver hands it
// over, and drops it. Frames of other lengths than asked for are counted apart.
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __type(key, __u32);
  __type(value, __u64);
  __uint(max_entries, 2);  // 0: of the wanted length, 1: others
} counts SEC(".maps");

const volatile __u32 wanted_bytes;

SEC("xdp")
int count_and_drop(struct xdp_md* frame) {
  __u32 which = frame->data_end - frame->data == wanted_bytes ? 0 : 1;
  __u64* count = bpf_map_lookup_elem(&counts, &which);
  if (count) ++*count;
  return XDP_DROP;
}

char licence_name[] SEC("license") = "Dual MIT/GPL";
