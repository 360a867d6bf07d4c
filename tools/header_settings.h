// What the flags about headers mean: addresses of each direction, tag, ports, and the sizes that
// these headers leave room for.
#pragma once

#include <optional>
#include <string>

#include "io/backend.h"
#include "report/document.h"
#include "tools/settings.h"
#include "trial/trial.h"

namespace wireproof {

// Takes the flags into the profile, whose flows and sizes are known. Of --src-mac, --dst-mac,
// --next-hop, --src-ip and --dst-ip a second value behind a comma is the reverse direction's. Fails
// with kUsage: what is no address or no single host's, what is said of a direction that does not
// exist, a next hop or destination MAC of one direction alone where there are two, what sockets do
// not send, families that contradict one another.
[[nodiscard]] Result<TrafficProfile> read_headers(const TestText& text, TrafficProfile profile);

// Of a port of sockets, as typed; nullopt: it is none, or none that can be read.
[[nodiscard]] std::optional<IpEndpoint> socket_endpoint(const std::string& port);
[[nodiscard]] bool is_socket_port(const std::string& port);

// RFC 6985 wants a mix sent as it is written; a frame that is too small for its headers and the
// signature is sent with the least size that works instead, and a note says so.
void fit_mixes(TestSettings& test);

// What is known before a port is opened: MAC addresses that are the ports' own are absent, and what
// the kernel chooses.
[[nodiscard]] Result<SentHeaders> planned_headers(const TestSettings& test, bool reverse);

// For the configuration of a document: "forward", and "reverse" where there is one.
[[nodiscard]] Config describe_headers(const TestSettings& test);
// For --dry-run: a line for each direction, each with a newline.
[[nodiscard]] std::string plan_headers_text(const TestSettings& test);

}  // namespace wireproof
