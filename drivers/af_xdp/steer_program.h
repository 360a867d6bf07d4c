// Our XDP program on one interface: loaded, attached by a bpf_link (so that the kernel takes it
// away when this process ends, however it ends), fed with sockets, read for its counters.
#pragma once

#include <cstdint>
#include <memory>

#include "af_xdp/options.h"
#include "base/result.h"
#include "io/backend.h"
#include "io/linux_interface.h"

struct bpf_object;

namespace wireproof::af_xdp {

struct SteerCounts {                // since attaching
  std::uint64_t no_socket = 0;      // test frames on a queue without a socket, dropped
  std::uint64_t stamp_refused = 0;  // test frames redirected without a receive stamp
  // Frames left to the host that perhaps nobody listens for (neither IPv4 nor ARP): the kernel may
  // count them in the interface's rx_dropped.
  std::uint64_t unheard = 0;
};

// Control thread only.
class SteerProgram {
 public:
  // Loads, does not attach. At most Steering::kMaxDestinations destinations. Fails with
  // kPrecondition where the kernel refuses.
  // `hints_for`: the index of the interface that it will be attached to, natively, to read the
  // NIC's own stamps; 0: without. Kernels before 6.3 refuse it with hints.
  [[nodiscard]] static Result<std::unique_ptr<SteerProgram>> load(const Steering& steering,
                                                                  unsigned queues,
                                                                  unsigned hints_for = 0);
  // Loads and attaches: with hints where `hints` is set and that can be done, else without.
  [[nodiscard]] static Result<std::unique_ptr<SteerProgram>> open(const Steering& steering,
                                                                  const LinuxInterface& interface,
                                                                  AttachMode wanted, bool hints,
                                                                  StopFlag stop = nullptr);
  ~SteerProgram();  // detaches
  SteerProgram(const SteerProgram&) = delete;
  SteerProgram& operator=(const SteerProgram&) = delete;

  // Never replaces a program of others: fails with kPrecondition, naming it. Test frames are
  // dropped and counted from here until each queue has its socket.
  [[nodiscard]] Status attach(const LinuxInterface& interface, AttachMode wanted,
                              StopFlag stop = nullptr);
  [[nodiscard]] Status add_socket(unsigned queue, int socket_fd);
  // See Device::also_take.
  void also_take(const PayloadMark& mark);
  [[nodiscard]] SteerCounts counts() const;
  [[nodiscard]] bool native() const { return native_; }
  [[nodiscard]] bool hints() const { return hints_; }
  [[nodiscard]] int program_fd() const { return program_fd_; }

 private:
  SteerProgram() = default;

  bpf_object* object_ = nullptr;
  int program_fd_ = -1;  // these four belong to object_
  int sockets_fd_ = -1;
  int marks_fd_ = -1;
  int counters_fd_ = -1;
  int link_fd_ = -1;
  bool native_ = false;
  bool hints_ = false;
};

}  // namespace wireproof::af_xdp
