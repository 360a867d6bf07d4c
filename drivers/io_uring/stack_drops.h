// What this host's own IP stack threw away between the interface and the sockets: a firewall, the
// reverse path filter, want of memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wireproof::sockets {

// Packets that a table of /proc/net/snmp and netstat (`Ip`, `IpExt`: a line of names, a line of
// values) or of snmp6 (a name and a value a line) shows as taken and not passed on. Fragments that
// wait for others, what the sender damaged and multicast that nobody joined are none.
[[nodiscard]] std::int64_t ip_drops(std::string_view tables);
[[nodiscard]] std::int64_t ip6_drops(std::string_view table);

// Of the calling thread's network namespace. Frames of others are among them: an upper bound.
class StackDrops {
 public:
  void begin(bool v6);
  [[nodiscard]] std::uint64_t read();  // since begin(), never going back

 private:
  [[nodiscard]] std::int64_t now() const;

  bool v6_ = false;
  std::int64_t first_ = 0;
  std::uint64_t most_ = 0;
};

}  // namespace wireproof::sockets
