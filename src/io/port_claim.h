// Ports in use by this program, known to every run of it in the same network namespace, whichever
// backends they open: the frames of one run are the loss of another. A claim is a UNIX socket with
// an abstract name (man 7 unix): it belongs to the namespace as interfaces do, needs no right, and
// ends with its process, however that ends.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wireproof {

struct PortNature;

// Given back at destruction. Control thread.
class PortClaim {
 public:
  // `name`: of what is claimed, at most 80 bytes. `shown`: how the user calls it. Fails
  // (kPrecondition) when a live process holds it, this one included, and names that process where
  // it can be seen. Where the kernel gives no such socket the claim is empty: nothing is protected,
  // and nothing refused.
  [[nodiscard]] static Result<PortClaim> take(const std::string& name, const std::string& shown);

 private:
  explicit PortClaim(UniqueFd socket) : socket_(std::move(socket)) {}

  UniqueFd socket_;
};

// Of every interface that a port is, sits on, or has as a PCI device; of none where the kernel
// knows none.
[[nodiscard]] Result<std::vector<PortClaim>> claim_port(const PortNature& port);

}  // namespace wireproof
