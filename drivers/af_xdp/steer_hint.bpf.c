// With the NIC's own stamp of each frame, where its driver has one
// (linux/Documentation/networking/xdp-rx-metadata.rst, Linux 6.3). Loaded for one interface alone.
enum { kNoteWords = 2 };
#include "steer.bpf.h"

extern int bpf_xdp_metadata_rx_timestamp(const struct xdp_md* frame, __u64* stamp) __ksym;

static __always_inline __u64 hint_of(const struct xdp_md* frame) {
  __u64 stamp = 0;
  // -EOPNOTSUPP: the driver has none; -ENODATA: not for this frame.
  return bpf_xdp_metadata_rx_timestamp(frame, &stamp) == 0 ? stamp : 0;
}
