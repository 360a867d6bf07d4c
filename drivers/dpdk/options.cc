#include "options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"
#include "host.h"

namespace wireproof::dpdk {
namespace {

const std::vector<std::string> kVirtual{"net_null",      "net_ring",   "net_memif",
                                        "net_af_packet", "net_af_xdp", "net_tap",
                                        "net_pcap",      "net_vhost",  "net_virtio_user"};

Result<bool> choice(const std::string& key, const std::string& value, const std::string& yes,
                    const std::string& no) {
  if (value == yes) return true;
  if (value == no) return false;
  return fail(ErrorKind::kUsage, fmt::format("dpdk: {}={} is neither {} nor {}", key, value, yes, no),
              did_you_mean(value, {yes, no}));
}

bool virtual_name(const std::string& name) {
  const auto part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return name.starts_with("net_") && name.size() > 4 && name.size() < 48 &&
         std::all_of(name.begin(), name.end(), part);
}

// DPDK's parser splits arguments at commas and knows brackets.
bool plain(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != ',' && c != '[' && c != ']' && c != '"';
  });
}

}  // namespace

Result<Options> parse_options(const PortSpec& port) {
  Options options;
  if (const auto address = pci_address(port.device)) {
    options.nic = true;
    options.name = *address;
  } else if (virtual_name(port.device)) {
    options.name = port.device;
    if (options.name.back() < '0' || options.name.back() > '9') options.name += '0';
  } else {
    const std::string near = nearest_name(port.device, kVirtual);
    return fail(ErrorKind::kUsage,
                fmt::format("dpdk: '{}' is neither a PCI address nor a virtual device", port.device),
                near.empty() ? "write 0000:03:00.0, or net_memif0 and the like"
                             : fmt::format("did you mean '{}'?", near));
  }
  options.arguments = options.name;
  for (const auto& [key, value] : port.options) {
    if (key == "promiscuous") {
      const Result<bool> on = choice(key, value, "on", "off");
      if (!on) return tl::unexpected(on.error());
      options.promiscuous = *on;
    } else if (key == "flow-control") {
      const Result<bool> keep = choice(key, value, "keep", "off");
      if (!keep) return tl::unexpected(keep.error());
      options.keep_flow_control = *keep;
    } else if (!plain(key) || !plain(value)) {
      return fail(ErrorKind::kUsage,
                  fmt::format("dpdk: option {}={} holds what DPDK cannot read", key, value));
    } else {
      options.arguments += fmt::format(",{}={}", key, value);
    }
  }
  return options;
}

}  // namespace wireproof::dpdk
