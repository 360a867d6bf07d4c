#include "af_xdp/steer_program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/if_link.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "af_xdp/steer_bpf.h"
#include "af_xdp/steer_config.h"
#include "af_xdp/steer_hint_bpf.h"
#include "base/system_error.h"

namespace wireproof::af_xdp {
namespace {

static_assert(WIREPROOF_STEER_PREFIXES == Steering::kMaxDestinations);

constexpr const char* kProgramName = "wireproof_steer";
constexpr std::uint32_t kBoundToDevice = 1u << 6;  // BPF_F_XDP_DEV_BOUND_ONLY of Linux 6.3

wireproof_prefix prefix_of(const IpPrefix& destination) {
  wireproof_prefix prefix{};
  std::array<std::uint8_t, 16> mask{};
  for (unsigned bit = 0; bit < destination.length; ++bit) {
    mask[bit / 8] = static_cast<std::uint8_t>(mask[bit / 8] | 0x80u >> bit % 8);
  }
  std::memcpy(prefix.mask, mask.data(), sizeof prefix.mask);
  std::memcpy(prefix.address, destination.address.bytes.data(), sizeof prefix.address);
  for (unsigned word = 0; word < 4; ++word) prefix.address[word] &= prefix.mask[word];
  return prefix;
}

wireproof_steer_config config_of(const Steering& steering) {
  wireproof_steer_config config{};
  config.everything = steering.everything ? 1 : 0;
  config.l4_port = __builtin_bswap16(steering.l4_port);
  for (const IpPrefix& destination : steering.destinations) {
    if (destination.address.v6) {
      config.v6[config.count_v6++] = prefix_of(destination);
    } else {
      config.v4[config.count_v4++] = prefix_of(destination);
    }
  }
  return config;
}

tl::unexpected<Error> refused(const std::string& what, int error, std::string hint = {}) {
  return tl::unexpected(system_error(what, error, std::move(hint)));
}

// The name of a program somebody else attached; empty where the kernel does not let us look.
std::string name_of_program(std::uint32_t id) {
  const int fd = bpf_prog_get_fd_by_id(id);
  if (fd < 0) return {};
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  const bool known = bpf_obj_get_info_by_fd(fd, &info, &length) == 0;
  close(fd);
  return known ? std::string(info.name) : std::string();
}

std::uint32_t attached_program(unsigned interface_index) {
  // Not LIBBPF_OPTS: a statement expression, which clang refuses in pedantic C++.
  bpf_xdp_query_opts query{};
  query.sz = sizeof query;
  if (bpf_xdp_query(static_cast<int>(interface_index), 0, &query) != 0) return 0;
  if (query.prog_id != 0) return query.prog_id;
  if (query.drv_prog_id != 0) return query.drv_prog_id;
  return query.skb_prog_id != 0 ? query.skb_prog_id : query.hw_prog_id;
}

// The kernel takes the program of a process that was just killed away a little later, so one of
// our own name is given some time to vanish.
std::uint32_t foreign_program(unsigned interface_index, StopFlag stop) {
  using namespace std::chrono_literals;
  constexpr int kTries = 30;
  std::uint32_t id = attached_program(interface_index);
  for (int i = 0; i < kTries && id != 0 && name_of_program(id) == kProgramName; ++i) {
    if (stop_asked(stop)) break;
    std::this_thread::sleep_for(50ms);
    id = attached_program(interface_index);
  }
  return id;
}

tl::unexpected<Error> foreign_refusal(const std::string& interface, std::uint32_t id) {
  const std::string name = name_of_program(id);
  if (name == kProgramName) {
    return fail(ErrorKind::kPrecondition,
                fmt::format("interface {} is in use by another run of this program "
                            "(XDP program id {})",
                            interface, id),
                "let it finish, or choose another interface", EBUSY);
  }
  return fail(ErrorKind::kPrecondition,
              fmt::format("interface {} already has an XDP program, id {}{}, which is not replaced",
                          interface, id, name.empty() ? "" : fmt::format(" ({})", name)),
              fmt::format("see 'bpftool prog show id {}'; when nothing needs it, remove it with "
                          "'ip link set {} xdp off': it would also take frames from af_packet",
                          id, interface),
              EBUSY);
}

tl::unexpected<Error> attach_refusal(const LinuxInterface& interface, int error, bool native) {
  const std::string what = fmt::format("cannot attach the {} XDP program to {}",
                                       native ? "native" : "generic", interface.name);
  if (native && (error == ERANGE || error == EINVAL || error == EOPNOTSUPP)) {
    constexpr unsigned kUsualMtu = 3496;  // a page less what drivers keep before and after a frame
    const std::string what_has =
        what + fmt::format(" (driver {}, MTU {})", interface.driver, interface.mtu);
    if (interface.mtu <= kUsualMtu)
      return refused(what_has, error, "open the port with mode=generic");
    return refused(what_has, error,
                   fmt::format("open the port with mode=generic; or, for frames of up to {} bytes, "
                               "'ip link set {} mtu {}', and the same of its peer",
                               kUsualMtu + 18, interface.name, kUsualMtu));
  }
  return refused(what, error);
}

}  // namespace

Result<std::unique_ptr<SteerProgram>> SteerProgram::load(const Steering& steering, unsigned queues,
                                                         unsigned hints_for) {
  if (steering.destinations.size() > Steering::kMaxDestinations) {
    return fail(ErrorKind::kUsage,
                fmt::format("af_xdp steers on at most {} destinations, {} are given",
                            Steering::kMaxDestinations, steering.destinations.size()),
                "join them into fewer prefixes");
  }
  // Both libraries write to stderr; what they know reaches the user as errno and a sentence.
  libbpf_set_print(nullptr);
  std::unique_ptr<SteerProgram> program(new SteerProgram);
  program->hints_ = hints_for != 0;
  program->object_ = program->hints_
                         ? bpf_object__open_mem(kSteerHintBpf, sizeof kSteerHintBpf, nullptr)
                         : bpf_object__open_mem(kSteerBpf, sizeof kSteerBpf, nullptr);
  if (program->object_ == nullptr) return refused("cannot read the built-in XDP program", errno);
  bpf_map* config = bpf_object__find_map_by_name(program->object_, ".rodata");
  bpf_map* sockets = bpf_object__find_map_by_name(program->object_, "sockets");
  bpf_map* marks = bpf_object__find_map_by_name(program->object_, "marks");
  bpf_map* counters = bpf_object__find_map_by_name(program->object_, "counters");
  bpf_program* steer = bpf_object__find_program_by_name(program->object_, kProgramName);
  const wireproof_steer_config values = config_of(steering);
  if (config == nullptr || sockets == nullptr || marks == nullptr || counters == nullptr ||
      steer == nullptr || bpf_map__set_initial_value(config, &values, sizeof values) != 0 ||
      bpf_map__set_max_entries(sockets, queues) != 0) {
    return refused("the built-in XDP program is not the one this version expects", EINVAL);
  }
  if (program->hints_) {
    bpf_program__set_ifindex(steer, hints_for);
    bpf_program__set_flags(steer, kBoundToDevice);
  }
  if (const int status = bpf_object__load(program->object_); status != 0) {
    return refused("the kernel refuses the XDP program", -status,
                   status == -EPERM ? "inside a container, run it with CAP_BPF of the host"
                                    : "needs Linux 5.18 or newer with CONFIG_XDP_SOCKETS");
  }
  program->program_fd_ = bpf_program__fd(steer);
  program->sockets_fd_ = bpf_map__fd(sockets);
  program->marks_fd_ = bpf_map__fd(marks);
  program->counters_fd_ = bpf_map__fd(counters);
  return program;
}

// The form with hints runs in the driver or not at all.
Result<std::unique_ptr<SteerProgram>> SteerProgram::open(const Steering& steering,
                                                         const LinuxInterface& interface,
                                                         AttachMode wanted, bool hints,
                                                         StopFlag stop) {
  if (hints && wanted != AttachMode::kGeneric) {
    auto program = load(steering, interface.rx_queues, interface.index);
    if (program && (*program)->attach(interface, AttachMode::kNative, stop)) return program;
  }
  auto program = load(steering, interface.rx_queues);
  if (!program) return program;
  if (const Status attached = (*program)->attach(interface, wanted, stop); !attached) {
    return tl::unexpected(attached.error());
  }
  return program;
}

SteerProgram::~SteerProgram() {
  if (link_fd_ >= 0) {
    bpf_link_detach(link_fd_);  // now, not when the kernel gets round to it
    close(link_fd_);
  }
  bpf_object__close(object_);
}

Status SteerProgram::attach(const LinuxInterface& interface, AttachMode wanted, StopFlag stop) {
  if (const std::uint32_t id = foreign_program(interface.index, stop); id != 0) {
    return foreign_refusal(interface.name, id);
  }
  const auto link = [&](std::uint32_t mode) {
    bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.flags = mode;
    link_fd_ = bpf_link_create(program_fd_, static_cast<int>(interface.index), BPF_XDP, &options);
    return link_fd_ >= 0 ? 0 : -link_fd_;
  };
  native_ = wanted != AttachMode::kGeneric;
  int error = link(native_ ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);
  if (error == EOPNOTSUPP && wanted == AttachMode::kAuto) {
    native_ = false;
    error = link(XDP_FLAGS_SKB_MODE);
  }
  if (error == EBUSY || error == EEXIST) {  // somebody was faster
    return foreign_refusal(interface.name, attached_program(interface.index));
  }
  if (error != 0) return attach_refusal(interface, error, native_);
  return {};
}

Status SteerProgram::add_socket(unsigned queue, int socket_fd) {
  if (bpf_map_update_elem(sockets_fd_, &queue, &socket_fd, BPF_ANY) != 0) {
    return refused(fmt::format("cannot steer queue {} to its socket", queue), errno);
  }
  return {};
}

// Nothing that can fail: the element is there since the map was made.
void SteerProgram::also_take(const PayloadMark& mark) {
  std::uint32_t word = 0;
  std::memcpy(&word, mark.data(), sizeof word);
  const std::uint64_t value = WIREPROOF_MARK_SET | word;
  const std::uint32_t index = 0;
  bpf_map_update_elem(marks_fd_, &index, &value, BPF_ANY);
}

SteerCounts SteerProgram::counts() const {
  const int cpus = libbpf_num_possible_cpus();
  if (cpus <= 0) return {};
  std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(cpus));
  const auto total = [&](std::uint32_t which) {
    std::uint64_t sum = 0;
    if (bpf_map_lookup_elem(counters_fd_, &which, per_cpu.data()) != 0) return sum;
    for (const std::uint64_t count : per_cpu) sum += count;
    return sum;
  };
  return {.no_socket = total(WIREPROOF_NO_SOCKET),
          .stamp_refused = total(WIREPROOF_STAMP_REFUSED),
          .unheard = total(WIREPROOF_UNHEARD)};
}

}  // namespace wireproof::af_xdp
