// How much memory this process may still take, asked before much is taken: where the kernel gives
// pages on credit, taking too much ends in a SIGKILL that no program can answer.
#pragma once

#include <cstdint>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wireproof {

// Bytes: the least of what the host has available without swapping (MemAvailable), what the memory
// control groups of this process leave (version 1 or 2, page cache of theirs not counted), and what
// RLIMIT_AS leaves. Absent where nothing of it can be read. `root`: where /proc and /sys are.
[[nodiscard]] std::optional<std::uint64_t> memory_left(const std::string& root = "/");

// Fails (kPrecondition, ENOMEM) where that is less than `bytes`, which are for `what` ("a frame log
// of 5 records"); `cure` says how to ask for less.
[[nodiscard]] Status check_memory(std::uint64_t bytes, std::string_view what, std::string_view cure,
                                  const std::string& root = "/");

// What the end of memory is told as (kPrecondition, ENOMEM).
[[nodiscard]] Error out_of_memory();

// Runs what returns a Status or a Result; the end of memory inside it is its error.
template <typename Work>
[[nodiscard]] auto within_memory(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {  // more than any vector holds
  }
  return tl::unexpected(out_of_memory());
}

}  // namespace wireproof
