#include "stats/reordering.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

// Two receive queues, with spaces of their own: sums of what is counted, the greater of maxima,
// whichever comes first.
TEST(Reordering, OfQueuesIsAddedAndTheGreatestKept) {
  Reordering one{.reordered = 3,
                 .unplaced = 1,
                 .extent_sum = 12,
                 .extent_max = 7,
                 .late_time_sum = 500,
                 .late_time_max = 300,
                 .discontinuities = 4,
                 .discontinuity_max = 9,
                 .free_runs = 5,
                 .free_run_max = 40};
  one.degrees[0] = 2;
  Reordering other{.reordered = 2,
                   .extent_sum = 8,
                   .extent_max = 6,
                   .late_time_sum = 700,
                   .late_time_max = 600,
                   .discontinuities = 1,
                   .discontinuity_max = 2,
                   .free_runs = 3,
                   .free_run_max = 90};
  other.degrees[0] = 1;
  other.degrees[1] = 1;
  for (const bool exchanged : {false, true}) {
    Reordering all = exchanged ? other : one;
    all.merge(exchanged ? one : other);
    EXPECT_EQ(all.reordered, 5u);
    EXPECT_EQ(all.placed(), 4u);
    EXPECT_EQ(all.extent_max, 7u);
    EXPECT_DOUBLE_EQ(all.extent_mean(), 20.0 / 4);
    EXPECT_EQ(all.late_time_max, 600);
    EXPECT_DOUBLE_EQ(all.late_time_mean(), 1200.0 / 4);
    EXPECT_EQ(all.n_reordered(), (std::vector<std::uint64_t>{4, 1}));
    EXPECT_EQ(all.discontinuities, 5u);
    EXPECT_EQ(all.discontinuity_max, 9u);
    EXPECT_EQ(all.free_runs, 8u);
    EXPECT_EQ(all.free_run_max, 90u);
    all.merge({});  // a queue to which nothing came
    EXPECT_EQ(all.late_time_max, 600);
    EXPECT_EQ(all.extent_max, 7u);
  }
}

}  // namespace
}  // namespace wireproof
