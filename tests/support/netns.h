// A veth pair in network namespaces of its own, for tests that need a real interface:
//
//   if (const std::string why = no_namespaces(); !why.empty()) GTEST_SKIP() << why;
//   VethPair veth({.queues = 2});
//   ... open veth.near() and veth.far(), from this thread or from threads it starts ...
//
// From construction to destruction the calling thread, and every thread and child it starts, is in
// the near end's namespace. The namespaces have no name, so the kernel removes them and all that is
// in them when the last user is gone, also after a crash or SIGKILL. /sys/class/net is still that
// of the old namespace.
#pragma once

#include <functional>
#include <string>

#include "base/unique_fd.h"

namespace wireproof {

struct VethSpec {
  unsigned queues = 1;          // transmit and receive queues of each end
  unsigned mtu = 1500;          // of both ends
  bool separate_hosts = false;  // the far end in a namespace of its own, with its own IP stack
};

// Why VethPair cannot work here ("needs root: ..."); empty when it can.
[[nodiscard]] std::string no_namespaces();

// Both ends up, without any address, IPv6 off in both namespaces (no stray neighbour discovery).
// Throws std::runtime_error when a step fails.
class VethPair {
 public:
  explicit VethPair(const VethSpec& spec = {});
  ~VethPair();
  VethPair(const VethPair&) = delete;
  VethPair& operator=(const VethPair&) = delete;

  [[nodiscard]] const std::string& near() const { return near_; }
  [[nodiscard]] const std::string& far() const { return far_; }
  // Runs `work` on this thread inside the far end's namespace.
  void at_far_host(const std::function<void()>& work) const;

 private:
  std::string near_, far_;
  UniqueFd before_, near_host_, far_host_;
};

// Runs a shell command in this thread's namespace; throws std::runtime_error when it fails.
void shell(const std::string& command);

}  // namespace wireproof
