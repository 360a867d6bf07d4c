// A port made of UDP sockets: two a queue, one to receive and one to send.
#pragma once

#include <memory>

#include "io/backend.h"

namespace wireproof::sockets {

enum class Engine { kMmsg, kIoUring };

struct SocketPort {
  std::string device;  // as the user wrote it
  IpEndpoint endpoint;
  Engine engine = Engine::kMmsg;
};

[[nodiscard]] Result<std::unique_ptr<Device>> open_sockets(const SocketPort& port,
                                                           const OpenSpec& spec);

}  // namespace wireproof::sockets
