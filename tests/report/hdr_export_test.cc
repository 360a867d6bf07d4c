#include "report/hdr_export.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

// hdr_export_test.py has another program read it; here only what needs none.
TEST(HdrExport, WhatLayBeyondTheLastStepIsPutIntoIt) {
  constexpr auto kLast = static_cast<std::uint32_t>(Histogram::kSteps - 1);
  const std::string whole = hdr_v2_base64({.steps = {{7, 3}, {kLast, 45}}});
  EXPECT_EQ(hdr_v2_base64({.steps = {{7, 3}, {kLast, 5}}, .overflow = 40}), whole);
  EXPECT_EQ(hdr_v2_base64({.steps = {{7, 3}}, .overflow = 45}), whole);
  EXPECT_NE(hdr_v2_base64({.steps = {{7, 3}, {kLast, 5}}}), whole);
}

}  // namespace
}  // namespace wireproof
