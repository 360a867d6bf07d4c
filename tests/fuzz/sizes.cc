// Frame sizes: lists, imix and the genomes of RFC 6985. What is taken can be written again and
// reads the same, and frames of those sizes can be made, or a sentence says why not.
#include <algorithm>
#include <set>

#include "base/units.h"
#include "fuzz/fuzz.h"
#include "packet/frame_template.h"
#include "settings/asked.h"
#include "traffic/profile.h"

namespace wireproof::fuzz {
namespace {

constexpr std::uint32_t kLeast = 1, kMost = 9'216;

void check_mix(std::string_view text) {
  const auto sizes = parse_size_mix(text);
  if (!sizes) return require_refusal(sizes.error(), ErrorKind::kUsage);
  require(!sizes->empty() && sizes->size() <= 256, "a mix has no sizes, or too many");
  if (text == "imix") return require(sizes->size() == 12, "imix is 7:4:1");
  std::string genome;
  for (const std::uint32_t size : *sizes) {
    switch (size) {
      case 64:
        genome += 'a';
        break;
      case 128:
        genome += 'b';
        break;
      case 256:
        genome += 'c';
        break;
      case 512:
        genome += 'd';
        break;
      case 1024:
        genome += 'e';
        break;
      case 1280:
        genome += 'f';
        break;
      case 1518:
        genome += 'g';
        break;
      default:
        require(false, "a size that no letter has");
    }
  }
  require(genome == text, "a genome is not read back");
}

void check_list(std::string_view text) {
  const auto sizes = parse_size_list("--size", text, kLeast, kMost);
  if (!sizes) return require_refusal(sizes.error(), ErrorKind::kUsage);
  require(!sizes->empty() && sizes->size() <= 64, "a list has no sizes, or too many");
  const std::set<std::uint32_t> different(sizes->begin(), sizes->end());
  require(different.size() == sizes->size(), "a size is named twice");
  require(*different.begin() >= kLeast && *different.rbegin() <= kMost, "a size out of its bounds");
  const auto again =
      parse_size_list("--size", fmt::format("{}", fmt::join(*sizes, ",")), kLeast, kMost);
  require(again.has_value() && *again == *sizes, "a list is not read back");
}

// What --size means as a whole, with the headers that the first byte asks for: each frame can be
// made, or a sentence says that it is too small.
void check_settings(std::uint8_t headers, std::string_view text) {
  Asked asked = between("loopback:a", "loopback:a");
  asked["size"] = text;
  if ((headers & 1) != 0) asked["ipv6"] = "true";
  if ((headers & 2) != 0) asked["vlan"] = "5";
  const auto settings = asked.read();
  if (!settings) return require_refusal(settings.error(), ErrorKind::kUsage);
  const TrafficProfile& profile = settings->test.profile;
  const auto made_headers = header_spec(profile, false);
  require(made_headers.has_value(), "headers");
  const std::uint32_t least = 64 + (profile.ipv6 ? 20u : 0u) + (profile.vlan ? 4u : 0u);
  require(!settings->test.sizes.empty(), "no size");
  for (const SizeChoice& choice : settings->test.sizes) {
    require(!choice.sizes.empty() && !choice.name.empty(), "a size without frames or name");
    for (const std::uint32_t size : std::set(choice.sizes.begin(), choice.sizes.end())) {
      require(size <= kMost, "a frame that is too large");
      const auto made = FrameTemplate::make(*made_headers, size, false);
      require(made.has_value() == (size >= least), "the least frame is not what it was");
      if (!made) require_refusal(made.error(), ErrorKind::kUsage);
      if (made) require_equal<std::uint32_t>(made->buffer_len() + 4u, size, "a frame's length");
    }
  }
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(sizes) {
  Input input(bytes);
  const std::uint8_t headers = input.byte();
  const std::string text(text_of(input.bytes(bytes.size())));
  check_mix(text);
  check_list(text);
  check_settings(headers, text);
}
