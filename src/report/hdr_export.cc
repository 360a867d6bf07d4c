#include "report/hdr_export.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <new>
#include <string_view>

namespace wireproof {
namespace {

// org.HdrHistogram.AbstractHistogram: V2EncodingCookieBase, V2CompressedEncodingCookieBase, each
// with 0x10, which says that counts are ZigZag LEB128.
constexpr std::uint32_t kCookie = 0x1c84'9303 | 0x10;
constexpr std::uint32_t kCompressedCookie = 0x1c84'9304 | 0x10;
constexpr std::uint64_t kLowest = 1;
constexpr std::uint64_t kHighest = 60'000'000'000;
constexpr std::uint32_t kDigits = 3;

// Big-endian, as Java writes.
template <typename Unsigned>
void put(std::string& bytes, Unsigned value) {
  for (unsigned shift = 8 * sizeof value; shift > 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> (shift - 8)));
  }
}

// ZigZag, then LEB128 in at most nine bytes: the ninth holds eight bits and ends it.
void put_count(std::string& bytes, std::int64_t count) {
  std::uint64_t left = static_cast<std::uint64_t>(count) << 1 ^ (count < 0 ? ~0ull : 0ull);
  for (int i = 0; i < 8 && left >= 0x80; ++i) {
    bytes.push_back(static_cast<char>(left | 0x80));
    left >>= 7;
  }
  bytes.push_back(static_cast<char>(left));
}

// Every count from the first step to the last that is not 0; runs of empty steps as the negative of
// their length, a single one as 0.
std::string payload(const HistogramSteps& steps) {
  constexpr std::size_t kLast = Histogram::kSteps - 1;
  std::string bytes;
  std::size_t next = 0;
  const auto put_step = [&](std::size_t index, std::uint64_t count) {
    const auto empty = static_cast<std::int64_t>(index - next);
    if (empty > 0) put_count(bytes, empty == 1 ? 0 : -empty);
    put_count(bytes, static_cast<std::int64_t>(count));
    next = index + 1;
  };
  std::uint64_t in_last = steps.overflow;
  for (const HistogramSteps::Step& step : steps.steps) {
    if (step.index == kLast) {
      in_last += step.count;
    } else {
      put_step(step.index, step.count);
    }
  }
  if (in_last > 0) put_step(kLast, in_last);
  if (bytes.empty()) put_count(bytes, 0);  // no samples: the first step, empty
  return bytes;
}

std::string encoded(const HistogramSteps& steps) {
  const std::string counts = payload(steps);
  std::string bytes;
  put(bytes, kCookie);
  put(bytes, static_cast<std::uint32_t>(counts.size()));
  put(bytes, std::uint32_t{0});  // normalizing index offset
  put(bytes, kDigits);
  put(bytes, kLowest);
  put(bytes, kHighest);
  put(bytes, std::bit_cast<std::uint64_t>(1.0));  // integer to double conversion ratio
  return bytes + counts;
}

std::string compressed(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  const int done =
      compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_DEFAULT_COMPRESSION);
  if (done == Z_MEM_ERROR) throw std::bad_alloc();
  assert(done == Z_OK);  // the only other failure is a bound that does not hold
  packed.resize(size);
  return packed;
}

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {  // RFC 4648 section 4
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
    };
    const unsigned three = byte(0) << 16 | byte(1) << 8 | byte(2);
    for (std::size_t k = 0; k < 4; ++k) {
      text.push_back(i + k > bytes.size() ? '=' : kAlphabet[three >> (18 - 6 * k) & 63]);
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
  if (padding > 2) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const bool filler = i + k >= text.size() - padding;
      const std::size_t digit = filler ? 0 : kAlphabet.find(text[i + k]);
      if (digit == std::string_view::npos) return std::nullopt;
      three = three << 6 | static_cast<std::uint32_t>(digit);
    }
    put(bytes, three);
    bytes.erase(bytes.size() - 4, 1);
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

// Takes what put() wrote off the front.
template <typename Unsigned>
std::optional<Unsigned> take(std::string_view& bytes) {
  if (bytes.size() < sizeof(Unsigned)) return std::nullopt;
  Unsigned value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value = static_cast<Unsigned>(value << 8 | static_cast<unsigned char>(bytes[i]));
  }
  bytes.remove_prefix(sizeof value);
  return value;
}

std::optional<std::int64_t> take_count(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 9; ++i) {
    if (bytes.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= std::uint64_t{i < 8 ? byte & 0x7fu : byte} << (7 * i);
    if (i < 8 && byte < 0x80) break;
  }
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

// What a compressed text may grow to: the head, and nine bytes a step.
constexpr uLongf kEncodedMost = 40 + 9 * Histogram::kSteps;

std::optional<std::string> uncompressed(std::string_view packed) {
  std::string bytes(kEncodedMost, '\0');
  uLongf size = bytes.size();
  const int done = uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                              reinterpret_cast<const Bytef*>(packed.data()), packed.size());
  if (done == Z_MEM_ERROR) throw std::bad_alloc();
  if (done != Z_OK) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

std::optional<HistogramSteps> steps_of(std::string_view counts) {
  HistogramSteps steps;
  std::uint64_t next = 0;
  while (!counts.empty()) {
    const auto count = take_count(counts);
    if (!count) return std::nullopt;
    if (*count <= 0) {
      next += *count == 0 ? 1 : ~static_cast<std::uint64_t>(*count) + 1;
    } else {
      steps.steps.push_back({static_cast<std::uint32_t>(next), static_cast<std::uint64_t>(*count)});
      ++next;
    }
    if (next > Histogram::kSteps) return std::nullopt;
  }
  return steps;
}

}  // namespace

std::optional<HistogramSteps> read_hdr_v2_base64(std::string_view text, std::uint64_t overflow) {
  const std::optional<std::string> packed = from_base64(text);
  if (!packed) return std::nullopt;
  std::string_view outer(*packed);
  if (take<std::uint32_t>(outer) != kCompressedCookie) return std::nullopt;
  const auto size = take<std::uint32_t>(outer);
  if (size != outer.size()) return std::nullopt;
  const std::optional<std::string> bytes = uncompressed(outer);
  if (!bytes) return std::nullopt;
  std::string_view inner(*bytes);
  const auto cookie = take<std::uint32_t>(inner);
  const auto length = take<std::uint32_t>(inner);
  const auto offset = take<std::uint32_t>(inner);
  const auto digits = take<std::uint32_t>(inner);
  const auto lowest = take<std::uint64_t>(inner);
  const auto highest = take<std::uint64_t>(inner);
  const auto ratio = take<std::uint64_t>(inner);
  const bool ours = cookie == kCookie && length == inner.size() && offset == 0u &&
                    digits == kDigits && lowest == kLowest && highest == kHighest &&
                    ratio == std::bit_cast<std::uint64_t>(1.0);
  if (!ours) return std::nullopt;
  std::optional<HistogramSteps> steps = steps_of(inner);
  if (!steps || overflow == 0) return steps;
  if (steps->steps.empty() || steps->steps.back().index != Histogram::kSteps - 1) {
    return std::nullopt;
  }
  HistogramSteps::Step& last = steps->steps.back();
  if (last.count < overflow) return std::nullopt;
  last.count -= overflow;
  if (last.count == 0) steps->steps.pop_back();
  steps->overflow = overflow;
  return steps;
}

std::string hdr_v2_base64(const HistogramSteps& steps) {
  const std::string packed = compressed(encoded(steps));
  std::string bytes;
  put(bytes, kCompressedCookie);
  put(bytes, static_cast<std::uint32_t>(packed.size()));
  return base64(bytes + packed);
}

}  // namespace wireproof
