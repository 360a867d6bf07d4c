// The plainest way to put a frame on an interface and to see what comes out of one: for tests that
// watch a backend from the other end of its wire.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace wireproof {

using Bytes = std::vector<std::uint8_t>;

// An AF_PACKET socket bound to one interface, all protocols. Throws std::runtime_error.
class RawPort {
 public:
  explicit RawPort(const std::string& interface);
  void send(std::span<const std::uint8_t> frame) const;
  // The next frame that arrives within the time; empty when none does. Own frames are not seen.
  [[nodiscard]] Bytes receive(int timeout_ms) const;

 private:
  UniqueFd socket_;
};

}  // namespace wireproof
