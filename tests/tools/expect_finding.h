// What every test of findings expects of one.
#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "report/host_report.h"

namespace wireproof {

// Of this bearing, with this part in its text, and with a cure unless it is good.
inline void expect(const HostFinding& finding, Bearing bearing, std::string_view part) {
  EXPECT_EQ(finding.bearing, bearing) << finding.text;
  EXPECT_NE(finding.text.find(part), std::string::npos) << finding.text;
  EXPECT_EQ(finding.cure.empty(), bearing == Bearing::kGood) << finding.cure;
}

}  // namespace wireproof
