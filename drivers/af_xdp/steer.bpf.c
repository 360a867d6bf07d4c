// Without a hint: any kernel, any driver.
enum { kNoteWords = 1 };
#include "steer.bpf.h"

static __always_inline __u64 hint_of(const struct xdp_md* frame) {
  (void)frame;
  return 0;
}
