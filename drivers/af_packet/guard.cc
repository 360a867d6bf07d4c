#include "guard.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/system_error.h"
#include "base/unique_fd.h"
#include "guard_bpf.h"
#include "guard_config.h"
#include "io/clsact.h"

namespace wireproof::af_packet {
namespace {

// include/uapi/linux/bpf.h of Linux 6.6; Debian 12's header ends before it.
constexpr auto kTcxIngress = static_cast<bpf_attach_type>(46);
constexpr unsigned kFirstInHook = 1u << 3;  // BPF_F_BEFORE nobody in particular

static_assert(Steering::kMaxDestinations == WIREPROOF_GUARD_PREFIXES_MAX);

wireproof_guard_prefix prefix_of(const IpPrefix& prefix) {
  wireproof_guard_prefix out{};
  out.v6 = prefix.address.v6 ? 1 : 0;
  for (unsigned word = 0; word * 32 < prefix.length; ++word) {
    const unsigned bits = std::min(32u, prefix.length - word * 32);
    out.mask[word] = htonl(~0u << (32 - bits));
    std::uint32_t address;
    std::memcpy(&address, prefix.address.bytes.data() + std::size_t{4} * word, sizeof address);
    out.address[word] = address & out.mask[word];
  }
  return out;
}

wireproof_guard_config config_of(const Steering& steering) {
  wireproof_guard_config config{};
  config.everything = steering.everything ? 1 : 0;
  config.l4_port = htons(steering.l4_port);
  for (const IpPrefix& prefix : steering.destinations) {
    config.prefix[config.prefixes++] = prefix_of(prefix);
  }
  return config;
}

tl::unexpected<Error> refused(const char* what, int error) {
  return tl::unexpected(
      system_error(fmt::format("the kernel refuses {}", what), error,
                   error == EPERM ? "the guard needs CAP_BPF and CAP_NET_ADMIN" : ""));
}

struct CloseObject {
  void operator()(bpf_object* object) const { bpf_object__close(object); }
};
using Object = std::unique_ptr<bpf_object, CloseObject>;

int silent(enum libbpf_print_level, const char*, va_list) {
  return 0;
}

// Loaded, not attached.
Result<Object> load_guard(const Steering& steering) {
  libbpf_set_print(silent);  // what it would print is in the errors
  Object object(bpf_object__open_mem(kGuardBpf, sizeof kGuardBpf, nullptr));
  if (!object) return refused("to open the guard program", errno);
  const wireproof_guard_config config = config_of(steering);
  bpf_map* constants = bpf_object__find_map_by_name(object.get(), ".rodata");
  if (constants == nullptr || bpf_map__set_initial_value(constants, &config, sizeof config) != 0) {
    return refused("the constants of the guard program", EINVAL);
  }
  if (const int error = bpf_object__load(object.get()); error != 0) {
    return refused("the guard program", -error);
  }
  return object;
}

int program_fd(const Object& object) {
  return bpf_program__fd(bpf_object__find_program_by_name(object.get(), kClsactProgramName));
}

class TcxGuard final : public Guard {
 public:
  explicit TcxGuard(UniqueFd link) : link_(std::move(link)) {}
  const char* kind() const override { return "tcx"; }

 private:
  UniqueFd link_;  // holds the program; closing it detaches
};

const UndoKinds kUndoKinds{{kClsactKind, undo_clsact_filter}};

class ClsactGuard final : public Guard {
 public:
  ClsactGuard() : journal_(kUndoKinds) {}
  const char* kind() const override { return "clsact"; }
  [[nodiscard]] Journal& journal() { return journal_; }

 private:
  Journal journal_;  // takes the filter away at destruction
};

Result<std::uint32_t> program_id(const Object& object) {
  bpf_prog_info info{};
  std::uint32_t length = sizeof info;
  if (bpf_obj_get_info_by_fd(program_fd(object), &info, &length) != 0) {
    return refused("to describe the guard program", errno);
  }
  return info.id;
}

Status attach_filter(const LinuxInterface& interface, const ClsactFilter& filter, int program) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(interface.index);
  hook.attach_point = BPF_TC_INGRESS;
  if (const int error = bpf_tc_hook_create(&hook); error != 0 && error != -EEXIST) {
    return refused("a clsact queueing discipline", -error);
  }
  bpf_tc_opts options{};
  options.sz = sizeof options;
  options.prog_fd = program;
  options.handle = filter.handle;
  options.priority = filter.priority;
  if (const int error = bpf_tc_attach(&hook, &options); error != 0) {
    return refused("a clsact filter", -error);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Guard>> arm_tcx(const LinuxInterface& interface, const Steering& steering) {
  Result<Object> object = load_guard(steering);
  if (!object) return tl::unexpected(object.error());
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = kFirstInHook;
  UniqueFd link(bpf_link_create(program_fd(*object), static_cast<int>(interface.index), kTcxIngress,
                                &options));
  if (!link) return refused("a tcx link (Linux 6.6 or newer)", errno);
  return std::make_unique<TcxGuard>(std::move(link));
}

Result<std::unique_ptr<Guard>> arm_clsact(const LinuxInterface& interface,
                                          const Steering& steering) {
  Result<Object> object = load_guard(steering);
  if (!object) return tl::unexpected(object.error());
  const auto id = program_id(*object);
  if (!id) return tl::unexpected(id.error());
  if (const auto cleaned = undo_dead(kUndoKinds, false); !cleaned) {
    return tl::unexpected(cleaned.error());
  }
  const auto filter = plan_ingress_filter(interface, *id);
  if (!filter) return tl::unexpected(filter.error());
  auto guard = std::make_unique<ClsactGuard>();
  Status armed = guard->journal().record(journal_entry(interface, *filter));
  if (armed) armed = attach_filter(interface, *filter, program_fd(*object));
  if (!armed) return tl::unexpected(armed.error());
  return guard;
}

}  // namespace wireproof::af_packet
