#include "settings/ports.h"

#include "base/units.h"

namespace wireproof {
std::optional<IpEndpoint> socket_endpoint(const std::string& port) {
  const std::size_t device = port.find(':');
  if (device == std::string::npos) return std::nullopt;
  std::string text = port.substr(device + 1);
  text = text.substr(0, text.find(','));  // its options follow
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const auto ip = parse_ip(host);
  const auto l4_port = parse_count("PORT", text.substr(colon + 1), 0, 65'535);
  if (!ip || !l4_port) return std::nullopt;
  return IpEndpoint{*ip, static_cast<std::uint16_t>(*l4_port)};
}

bool is_socket_port(const std::string& port) {
  return socket_endpoint(port).has_value();
}

}  // namespace wireproof
