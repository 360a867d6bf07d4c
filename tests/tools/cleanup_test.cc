#include "tools/cleanup.h"

#include <gtest/gtest.h>

#include "io/clsact.h"
#include "job/leftovers.h"

namespace wireproof {
namespace {

TEST(Cleanup, KnowsWhatTheBackendsJournal) {
  EXPECT_TRUE(undo_kinds().contains(kClsactKind));
}

TEST(Cleanup, SaysWhatBecameOfEachChange) {
  EXPECT_EQ(cleanup_text({}), "nothing to clean up\n");
  LeftoverChange change;
  change.entry = {"clsact-filter", {{"interface", "eth1"}}, 4026531840};
  change.owner = 42;
  EXPECT_EQ(cleanup_text({change}), "clsact-filter interface=eth1\n  of process 42: undone\n");
  change.outcome = Leftover::kElsewhere;
  EXPECT_NE(cleanup_text({change}).find("namespace 4026531840"), std::string::npos);
  change.outcome = Leftover::kFailed;
  change.reason = "no such thing";
  EXPECT_NE(cleanup_text({change}).find("not undone: no such thing"), std::string::npos);
}

TEST(Cleanup, WhatCouldNotBeUndoneStandsInTheWay) {
  for (const Leftover outcome :
       {Leftover::kUndone, Leftover::kWouldUndo, Leftover::kFailed, Leftover::kElsewhere,
        Leftover::kVanished, Leftover::kUnknownKind}) {
    LeftoverChange change;
    change.outcome = outcome;
    const bool stays = outcome == Leftover::kFailed || outcome == Leftover::kUnknownKind;
    EXPECT_EQ(stands_in_the_way(change), stays) << outcome_text(change);
  }
}

}  // namespace
}  // namespace wireproof
