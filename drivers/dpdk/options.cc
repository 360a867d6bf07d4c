#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <vector>

#include "base/nearest.h"
#include "base/units.h"
#include "host.h"

namespace wireproof::dpdk {
namespace {

constexpr std::uint32_t kShortestRing = 256;  // memif's default is 1024, QEMU's virtio's 256

// The virtual devices of DPDK 22.11 that carry frames somewhere, and their options: DPDK itself
// says little of a word it does not know. Other devices are DPDK's to judge.
using Words = std::vector<std::string>;
const std::map<std::string, Words>& virtual_devices() {
  static const std::map<std::string, Words> made{
      {"net_null", {"size", "copy", "no-rx"}},
      {"net_ring", {"nodeaction"}},
      {"net_memif",
       {"id", "role", "bsize", "rsize", "socket", "socket-abstract", "owner-uid", "owner-gid",
        "mac", "zero-copy", "secret"}},
      {"net_af_packet", {"iface", "qpairs", "qdisc_bypass", "blocksz", "framesz", "framecnt"}},
      {"net_tap", {"iface", "mac"}},
      {"net_pcap",
       {"rx_pcap", "tx_pcap", "rx_iface", "rx_iface_in", "tx_iface", "iface", "phy_mac",
        "infinite_rx"}},
      {"net_vhost",
       {"iface", "queues", "client", "iommu-support", "postcopy-support", "tso", "linear-buffer",
        "ext-buffer", "legacy-ol-flags"}},
      {"net_virtio_user",
       {"path", "queue_size", "queues", "mac", "cq", "packed_vq", "mrg_rxbuf", "in_order", "server",
        "iface", "speed", "vectorized"}}};
  return made;
}

// "net_memif0" without its number.
std::string kind_of(std::string name) {
  while (!name.empty() && name.back() >= '0' && name.back() <= '9') name.pop_back();
  return name;
}

Status check_key(const Options& options, const std::string& key) {
  const auto known = virtual_devices().find(kind_of(options.name));
  if (known == virtual_devices().end()) return {};
  const Words& words = known->second;
  if (std::find(words.begin(), words.end(), key) != words.end()) return {};
  Words all = words;
  all.insert(all.end(), {"promiscuous", "flow-control"});
  return fail(ErrorKind::kUsage, fmt::format("{} has no option {}", known->first, quote(key)),
              did_you_mean(key, all));
}

// Without it the driver says nothing of use.
Status check_needed(const PortSpec& port) {
  static const std::map<std::string, std::string> needed{
      {"net_af_packet", "iface"}, {"net_vhost", "iface"}, {"net_virtio_user", "path"}};
  const std::string kind = kind_of(port.device);
  const auto found = needed.find(kind);
  if (found == needed.end() || port.options.contains(found->second)) return {};
  return fail(ErrorKind::kUsage, fmt::format("{} needs the option {}", kind, found->second),
              fmt::format("write dpdk:{}0,{}=...", kind, found->second));
}

// What leaves something behind that nobody undoes, or cannot be guaranteed.
Status check_wanted(const PortSpec& port) {
  const std::string kind = kind_of(port.device);
  if (kind.starts_with("net_af_xdp")) {
    const auto interface = port.options.find("iface");
    return fail(ErrorKind::kUsage,
                "net_af_xdp sees neither its link nor its drops, and leaves its XDP program behind "
                "when it is killed",
                fmt::format("use af_xdp:{}, which sees them",
                            interface == port.options.end() ? "INTERFACE" : interface->second));
  }
  for (const char* key : {"remote", "persist"}) {
    if (kind != "net_tap" || !port.options.contains(key)) continue;
    return fail(ErrorKind::kUsage,
                fmt::format("net_tap with {} leaves its changes to the host behind", key),
                fmt::format("leave {} out", key));
  }
  return {};
}

bool says(const PortSpec& port, const std::string& key, const std::string& value) {
  const auto found = port.options.find(key);
  return found != port.options.end() && found->second == value;
}

// What of the host the device takes, by its options.
void find_host_parts(const PortSpec& port, Options& options) {
  const std::string kind = kind_of(options.name);
  const auto value = [&](const char* key) {
    const auto found = port.options.find(key);
    return found == port.options.end() ? std::string() : found->second;
  };
  if (kind == "net_af_packet") options.interfaces = {value("iface")};
  if (kind == "net_pcap") {
    for (const char* key : {"iface", "rx_iface", "rx_iface_in", "tx_iface"}) {
      if (const std::string name = value(key); !name.empty()) options.interfaces.push_back(name);
    }
  }
  if (kind == "net_tap") {
    // By itself DPDK counts from dtap0 in each process, so that a second would share the first's.
    const std::string number = options.name.substr(kind.size());
    options.makes = {value("iface").empty() ? "dtap" + number : value("iface")};
    if (value("iface").empty()) options.arguments += ",iface=" + options.makes[0];
  }
  if (kind == "net_vhost" && !says(port, "client", "1")) options.listens_at = value("iface");
  if (kind == "net_virtio_user" && says(port, "server", "1")) options.listens_at = value("path");
  if (kind == "net_memif" && says(port, "socket-abstract", "no") &&
      (says(port, "role", "server") || says(port, "role", "master"))) {
    options.listens_at = value("socket");
  }
  if (kind == "net_memif" || kind == "net_vhost" || kind == "net_virtio_user") {
    // The other end may have chosen it, and none in use is shorter than the defaults' shortest.
    options.ring_holds = kShortestRing;
    const auto own = std::strtoul(value("queue_size").c_str(), nullptr, 10);
    const auto own_log2 = std::strtoul(value("rsize").c_str(), nullptr, 10);
    if (own > 0)
      options.ring_holds = static_cast<std::uint32_t>(std::min<unsigned long>(kShortestRing, own));
    if (own_log2 > 0 && own_log2 < 8) options.ring_holds = 1u << own_log2;
  }
  if (kind == "net_af_packet") options.queues_key = "qpairs";
  if (kind == "net_vhost" || kind == "net_virtio_user") options.queues_key = "queues";
}

Result<bool> choice(const std::string& key, const std::string& value, const std::string& yes,
                    const std::string& no) {
  if (value == yes) return true;
  if (value == no) return false;
  return fail(ErrorKind::kUsage,
              fmt::format("dpdk: {}={} is neither {} nor {}", key, printable(value), yes, no),
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
  if (const Status ok = check_wanted(port); !ok) return tl::unexpected(ok.error());
  Words names;
  for (const auto& [name, words] : virtual_devices()) names.push_back(name);
  std::string near = nearest_name(kind_of(port.device), names);
  // DPDK takes whatever begins with a driver's name for it: nothing may be hidden behind that.
  for (const std::string& name : names) {
    if (port.device.starts_with(name)) near = name;
  }
  const bool misspelt = !near.empty() && near != kind_of(port.device);
  if (const auto address = pci_address(port.device)) {
    options.nic = true;
    options.name = *address;
  } else if (virtual_name(port.device) && !misspelt) {
    options.name = port.device;
    if (options.name.back() < '0' || options.name.back() > '9') options.name += '0';
  } else {
    return fail(
        ErrorKind::kUsage,
        fmt::format("dpdk: {} is neither a PCI address nor a virtual device", quote(port.device)),
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
      return fail(ErrorKind::kUsage, fmt::format("dpdk: option {}={} holds what DPDK cannot read",
                                                 printable(key), printable(value)));
    } else if (const Status ok = check_key(options, key); !ok) {
      return tl::unexpected(ok.error());
    } else {
      options.arguments += fmt::format(",{}={}", key, value);
    }
  }
  if (options.nic) return options;
  if (const Status ok = check_needed(port); !ok) return tl::unexpected(ok.error());
  find_host_parts(port, options);
  return options;
}

}  // namespace wireproof::dpdk
