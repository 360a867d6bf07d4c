#include "io/backend_set.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

// Whatever was typed: a terminal would obey some of it, and nobody reads all of it.
TEST(PortSpec, ARefusalShowsWhatWasTypedAsText) {
  const BackendSet none;
  const std::string long_name(5000, 'x');
  const std::pair<std::string, std::string> rows[] = {
      {"\x1b[2J:,", "port '?[2J:,': option '' is not key=value"},
      {",\n", "port ',?' names no device"},
      {"eth0,a\x1b=1,a\x1b=1", "port 'eth0,a?=1,a?=1': option 'a?' is given twice"},
      {long_name + ":a", "unknown backend '" + std::string(40, 'x') + "...'"},
  };
  for (const auto& [typed, message] : rows) {
    const auto port = parse_port_spec(none, typed);
    ASSERT_FALSE(port.has_value());
    EXPECT_EQ(port.error().message, message);
  }
}

}  // namespace
}  // namespace wireproof
