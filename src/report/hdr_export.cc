#include "report/hdr_export.h"

#include <zlib.h>

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

std::string base64(std::string_view bytes) {  // RFC 4648 section 4
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
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

}  // namespace

std::string hdr_v2_base64(const HistogramSteps& steps) {
  const std::string packed = compressed(encoded(steps));
  std::string bytes;
  put(bytes, kCompressedCookie);
  put(bytes, static_cast<std::uint32_t>(packed.size()));
  return base64(bytes + packed);
}

}  // namespace wireproof
