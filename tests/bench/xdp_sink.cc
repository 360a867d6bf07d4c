// usage: xdp_sink INTERFACE FRAME_SIZE
// Counts and drops what arrives at INTERFACE, in native XDP, until standard input ends. Answers
// every line on standard input with one: "NANOSECONDS COUNT OTHERS", the monotonic time, the frames
// of FRAME_SIZE (FCS included) since the start, and those of other sizes.
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/host_clock.h"
#include "xdp_sink_bpf.h"

namespace {

int fail(const char* what, int error) {
  std::fprintf(stderr, "xdp_sink: %s: %s\n", what, std::strerror(error));
  return 3;
}

std::uint64_t total(int map, std::uint32_t which) {
  std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
  if (bpf_map_lookup_elem(map, &which, per_cpu.data()) != 0) return 0;
  std::uint64_t sum = 0;
  for (const std::uint64_t count : per_cpu) sum += count;
  return sum;
}

void answer(int map) {
  const wireproof::HostClock clock;
  char line[64];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    std::printf("%" PRId64 " %" PRIu64 " %" PRIu64 "\n", clock.now(), total(map, 0), total(map, 1));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned interface = argc == 3 ? if_nametoindex(argv[1]) : 0;
  if (interface == 0) return fail("usage: xdp_sink INTERFACE FRAME_SIZE", errno);
  const std::uint32_t bytes = static_cast<std::uint32_t>(std::atoi(argv[2])) - 4;
  libbpf_set_print(nullptr);
  bpf_object* object =
      bpf_object__open_mem(wireproof::kXdpSinkBpf, sizeof wireproof::kXdpSinkBpf, nullptr);
  if (object == nullptr) return fail("reading the program", errno);
  bpf_map__set_initial_value(bpf_object__find_map_by_name(object, ".rodata"), &bytes, sizeof bytes);
  if (bpf_object__load(object) != 0) return fail("loading the program", errno);
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = XDP_FLAGS_DRV_MODE;
  const int program = bpf_program__fd(bpf_object__find_program_by_name(object, "count_and_drop"));
  // The link goes with this process, however it ends.
  const int link = bpf_link_create(program, static_cast<int>(interface), BPF_XDP, &options);
  if (link < 0) return fail("attaching the program", -link);
  answer(bpf_map__fd(bpf_object__find_map_by_name(object, "counts")));
  bpf_object__close(object);
  return 0;
}
