// What tests ask of the kernel about XDP programs, and a program of somebody else to be met.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/unique_fd.h"

namespace wireproof {

// The id of the XDP program on the interface; 0 when there is none.
[[nodiscard]] std::uint32_t attached_xdp_program(const std::string& interface);

// Runs a loaded XDP program once on these bytes, attached to nothing; its verdict (XDP_PASS, ...).
[[nodiscard]] int run_xdp_program(int program_fd, std::span<const std::uint8_t> frame);

// An XDP program that passes everything, attached to an interface until destruction. Throws
// std::runtime_error.
class ForeignXdpProgram {
 public:
  explicit ForeignXdpProgram(const std::string& interface);

 private:
  UniqueFd program_, link_;
};

}  // namespace wireproof
