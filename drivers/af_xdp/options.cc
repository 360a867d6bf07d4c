#include "af_xdp/options.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <utility>

#include "base/nearest.h"
#include "base/units.h"

namespace wireproof::af_xdp {
namespace {

template <typename T>
using Choice = std::pair<std::string_view, T>;

constexpr std::array kZeroCopyChoices{Choice<ZeroCopy>{"auto", ZeroCopy::kAuto},
                                      Choice<ZeroCopy>{"require", ZeroCopy::kRequire},
                                      Choice<ZeroCopy>{"off", ZeroCopy::kOff}};
constexpr std::array kAttachChoices{Choice<AttachMode>{"auto", AttachMode::kAuto},
                                    Choice<AttachMode>{"native", AttachMode::kNative},
                                    Choice<AttachMode>{"generic", AttachMode::kGeneric}};

constexpr std::array kHintChoices{Choice<bool>{"auto", true}, Choice<bool>{"off", false}};

template <typename T>
Status choose(const std::string& key, const std::string& typed, std::span<const Choice<T>> choices,
              T& chosen) {
  std::vector<std::string> known;
  for (const auto& [name, value] : choices) {
    if (name == typed) {
      chosen = value;
      return {};
    }
    known.emplace_back(name);
  }
  return fail(ErrorKind::kUsage,
              fmt::format("af_xdp: {}={} is not one of its values", key, printable(typed)),
              fmt::format("known: {}", fmt::join(known, ", ")));
}

}  // namespace

Result<Options> parse_options(const PortSpec& port) {
  Options options;
  for (const auto& [key, typed] : port.options) {
    Status status;
    if (key == "zero-copy") {
      status = choose<ZeroCopy>(key, typed, kZeroCopyChoices, options.zero_copy);
    } else if (key == "mode") {
      status = choose<AttachMode>(key, typed, kAttachChoices, options.attach);
    } else if (key == "hints") {
      status = choose<bool>(key, typed, kHintChoices, options.hints);
    } else {
      status = fail(ErrorKind::kUsage, "af_xdp: unknown option " + quote(key),
                    did_you_mean(key, {"zero-copy", "mode", "hints"}));
    }
    if (!status) return tl::unexpected(status.error());
  }
  if (options.zero_copy == ZeroCopy::kRequire && options.attach == AttachMode::kGeneric) {
    return fail(ErrorKind::kUsage,
                "af_xdp: zero-copy=require and mode=generic exclude each other: generic XDP runs "
                "behind the driver, which has copied by then",
                "drop one of the two");
  }
  return options;
}

}  // namespace wireproof::af_xdp
