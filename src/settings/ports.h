// What the words of a port say before it is opened.
#pragma once

#include <optional>
#include <string>

#include "base/address.h"
#include "io/backend.h"

namespace wireproof {

// Of a port of sockets, as typed; nullopt: it is none, or none that can be read.
[[nodiscard]] std::optional<IpEndpoint> socket_endpoint(const std::string& port);
[[nodiscard]] bool is_socket_port(const std::string& port);

}  // namespace wireproof
