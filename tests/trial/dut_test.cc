#include "trial/dut.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

TEST(DutCounts, TheIdentityNamesEveryFate) {
  EXPECT_EQ(check_identity({}), "");
  for (const auto fate :
       {&DutCounts::forwarded, &DutCounts::dropped, &DutCounts::queue_dropped,
        &DutCounts::pool_dropped, &DutCounts::oversize_dropped, &DutCounts::unsent}) {
    DutCounts counts{.arrived = 2, .duplicated = 1};
    counts.*fate = 3;
    EXPECT_EQ(check_identity(counts), "");
    counts.*fate = 2;
    EXPECT_NE(check_identity(counts).find("arrived 2 + duplicated 1"), std::string::npos);
  }
  EXPECT_EQ(check_identity({.corrupted = 1, .reordered = 1, .drained = 1, .tx_blocked = 1}), "");
}

}  // namespace
}  // namespace wireproof
