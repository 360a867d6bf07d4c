// The processor's own counter of time. src/meson.build chooses the file that reads it by the
// processor family: ticks_x86.cc (the TSC) or ticks_none.cc.
#pragma once

#include <cstdint>
#include <string>

namespace wireproof {

// Not before the loads in front of it are done, nor after the stores behind it are seen by others
// (Intel SDM volume 2B, RDTSCP): what was received was stamped no later than it was read. 0 for
// ever where no_ticks() is not empty.
[[nodiscard]] std::uint64_t read_ticks();

// Empty when the counter runs at one rate whatever the processor does, on all cores alike as far as
// the processor can promise; else why not.
[[nodiscard]] std::string no_ticks();

}  // namespace wireproof
