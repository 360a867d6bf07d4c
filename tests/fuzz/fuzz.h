// What the fuzz targets share. A target is a function of bytes, declared by FUZZ_TARGET in a file
// of its own; Meson makes of it a libFuzzer program (-Dfuzz=true) and, in every build, a case of
// fuzz_corpus, which gives it each file of tests/fuzz/corpus.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wireproof::fuzz {

using Bytes = std::span<const std::uint8_t>;

// A property does not hold: fails the case, ends the libFuzzer program.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, std::string_view what) {
  if (!holds) throw Broken(std::string(what));
}

template <typename T>
void require_equal(const T& one, const T& other, std::string_view what) {
  if (!(one == other)) throw Broken(fmt::format("{}: {} and {}", what, one, other));
}

[[nodiscard]] inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What a user reads: something, on one line, of printable characters, and not without end.
inline void require_sentence(std::string_view text, std::size_t longest = 2000) {
  require(!text.empty(), "a refusal says nothing");
  require(text.size() <= longest, fmt::format("a refusal has {} characters", text.size()));
  for (const char c : text) {
    require(c >= ' ' && c <= '~', fmt::format("a refusal is not printable: {}", text));
  }
}

inline void require_refusal(const Error& error, ErrorKind kind) {
  require(error.kind == kind, fmt::format("not this kind of refusal: {}", error.message));
  require_sentence(error.message);
  if (!error.hint.empty()) require_sentence(error.hint);
}

// Takes values from the front of the bytes; zeros behind their end.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] Bytes bytes(std::size_t most) {
    const Bytes taken = rest_.first(std::min(most, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // Big-endian.
  [[nodiscard]] std::uint64_t number(std::size_t width) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes(width)) value = value << 8 | byte;
    return value;
  }
  [[nodiscard]] std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }

 private:
  Bytes rest_;
};

}  // namespace wireproof::fuzz

// Followed by the body: FUZZ_TARGET(numbers) { ... uses `bytes` ... }
#define FUZZ_TARGET(name)        \
  namespace wireproof::fuzz {    \
  void fuzz_##name(Bytes bytes); \
  }                              \
  void wireproof::fuzz::fuzz_##name(Bytes bytes)
