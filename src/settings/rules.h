// What one setting asks of another, and what follows from several of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "settings/settings.h"

namespace wireproof {

[[nodiscard]] inline tl::unexpected<Error> refuse(std::string message, std::string hint) {
  return fail(ErrorKind::kUsage, std::move(message), std::move(hint));
}

// How the reader of a message knows a setting, and which of them he gave.
struct Names {
  std::function<std::string(std::string_view name)> spelled;  // "--vlan", "vlan"
  std::function<bool(std::string_view name)> given;

  [[nodiscard]] std::string operator()(std::string_view name) const { return spelled(name); }
};

// Settles what is left to decide (the burst of a bursty schedule, sizes that a mix is raised to)
// and refuses what contradicts itself: kUsage. After every text was read.
[[nodiscard]] Status settle(Settings& settings, const Names& names);

// Of traffic: addresses of each direction, and the sizes that these headers leave room for.
[[nodiscard]] Status settle_traffic(TestSettings& test, const Names& names);
// Of the suite: before settle_traffic(), and after.
[[nodiscard]] Status begin_suite(Settings& settings, const Names& names);
[[nodiscard]] Status settle_suite(Settings& settings, const Names& names);
[[nodiscard]] Status settle_dut(DutSettings& dut, const Names& names);

}  // namespace wireproof
