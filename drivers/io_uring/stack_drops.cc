#include "io_uring/stack_drops.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>

namespace wireproof::sockets {
namespace {

std::string_view next_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

std::int64_t number(std::string_view word) {
  std::int64_t value = 0;
  std::from_chars(word.data(), word.data() + word.size(), value);
  return value;
}

std::string_view next_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// 0 where the kernel has none of that name.
std::int64_t in_table(std::string_view text, std::string_view table, std::string_view name) {
  while (!text.empty()) {
    std::string_view names = next_line(text);
    if (next_word(names) != table) continue;
    std::string_view values = next_line(text);
    next_word(values);
    while (!names.empty()) {
      const std::string_view value = next_word(values);
      if (next_word(names) == name) return number(value);
    }
  }
  return 0;
}

std::int64_t in_list(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) == name) return number(next_word(line));
  }
  return 0;
}

std::string contents(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::int64_t ip_drops(std::string_view tables) {
  std::int64_t left = in_table(tables, "Ip:", "InReceives");
  for (const char* name : {"InDelivers", "ForwDatagrams", "InHdrErrors", "InAddrErrors"})
    left -= in_table(tables, "Ip:", name);
  left -= in_table(tables, "Ip:", "ReasmReqds") - in_table(tables, "Ip:", "ReasmOKs");
  return left - in_table(tables, "IpExt:", "InMcastPkts");
}

std::int64_t ip6_drops(std::string_view table) {
  std::int64_t left = in_list(table, "Ip6InReceives");
  for (const char* name : {"Ip6InDelivers", "Ip6OutForwDatagrams", "Ip6InHdrErrors",
                           "Ip6InAddrErrors", "Ip6InMcastPkts"})
    left -= in_list(table, name);
  return left - (in_list(table, "Ip6ReasmReqds") - in_list(table, "Ip6ReasmOKs"));
}

void StackDrops::begin(bool v6) {
  v6_ = v6;
  first_ = now();
}

std::int64_t StackDrops::now() const {
  if (v6_) return ip6_drops(contents("/proc/thread-self/net/snmp6"));
  return ip_drops(contents("/proc/thread-self/net/snmp") +
                  contents("/proc/thread-self/net/netstat"));
}

// The kernel adds up what was received before what was delivered: a packet between the two makes
// it less, not more.
std::uint64_t StackDrops::read() {
  const std::int64_t since = std::max<std::int64_t>(now() - first_, 0);
  return most_ = std::max(most_, static_cast<std::uint64_t>(since));
}

}  // namespace wireproof::sockets
