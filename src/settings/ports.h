// What the words of a port say before it is opened.
#pragma once

#include <optional>
#include <string>

#include "base/address.h"
#include "io/backend.h"

namespace wireproof {

// A port whose DEVICE is an address with a UDP port is one of sockets, whichever backend has them:
// no interface and no PCI device is called so. nullopt: it is none, or none that can be read.
[[nodiscard]] std::optional<IpEndpoint> socket_endpoint(const std::string& port);
[[nodiscard]] bool is_socket_port(const std::string& port);

}  // namespace wireproof
