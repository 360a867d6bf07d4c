#include "settings/goal_text.h"

#include <gtest/gtest.h>

#include "job/search_job.h"
#include "settings/asked.h"

namespace wireproof {
namespace {

struct Meant {
  const char* text;
  const char* name;
  double loss, exceed;
  Nanoseconds final, sum;
};

TEST(GoalText, WhatTheFieldCallsItsGoals) {
  const std::vector<Meant> all{
      {"ndr", "ndr", 0, 0, 0, 0},
      {"pdr", "pdr", 0.005, 0, 0, 0},
      {"loss=2%", "loss=2%", 0.02, 0, 0, 0},
      {"rfc2544", "rfc2544", 0, 0, 60 * kSecond, 60 * kSecond},
      {"tst009", "tst009", 0, 0.5, 60 * kSecond, 120 * kSecond},
      {"csit-ndr", "csit-ndr", 0, 0.5, kSecond, 21 * kSecond},
      {"csit-pdr", "csit-pdr", 0.005, 0.5, kSecond, 21 * kSecond},
      {"0.5f30d0.25l12.5e", "0.5f30d0.25l12.5e", 0.0025, 0.125, kSecond / 2, 30 * kSecond},
      {"1f1d0l0e", "1f1d0l0e", 0, 0, kSecond, kSecond},
  };
  for (const Meant& meant : all) {
    const auto goals = parse_goal("--goal", meant.text);
    ASSERT_TRUE(goals) << goals.error().message;
    ASSERT_EQ(goals->size(), 1u);
    const GoalChoice& goal = goals->front();
    EXPECT_EQ(goal.goal.name, meant.name);
    EXPECT_DOUBLE_EQ(goal.goal.loss_ratio, meant.loss) << meant.text;
    EXPECT_DOUBLE_EQ(goal.goal.exceed_ratio, meant.exceed) << meant.text;
    EXPECT_EQ(goal.final_duration, meant.final) << meant.text;
    EXPECT_EQ(goal.duration_sum, meant.sum) << meant.text;
  }
}

TEST(GoalText, CsitIsTwoGoals) {
  const auto goals = parse_goal("--goal", "csit");
  ASSERT_TRUE(goals);
  ASSERT_EQ(goals->size(), 2u);
  EXPECT_EQ(goals->at(0).goal.name, "csit-ndr");
  EXPECT_EQ(goals->at(1).goal.name, "csit-pdr");
}

TEST(GoalText, WhatIsNoGoalIsRefusedByTheNameItWasGivenUnder) {
  const std::vector<std::pair<const char*, const char*>> refused{
      {"nrd", "unknown"},
      {"", "unknown"},
      {"loss=100%", "all may be lost"},
      {"loss=x", "loss="},
      {"60f60d0l", "unknown"},
      {"60d60f0l0e", "unknown"},
      {"60f60d0l0e1", "unknown"},
      {"f60d0l0e", "unknown"},
      {"-1f60d0l0e", "unknown"},
      {"60f59d0l0e", "shorter than the final duration"},
      {"60f60d100l0e", "below 100 %"},
      {"60f60d0l100e", "below 100 %"},
      {"60f60d101l0e", ": l: "},
      {"0f60d0l0e", ": f: "},
      {"0.001f60d0l0e", ": f: "},
      {"60f999999999d0l0e", ": d: "},
      {"1.f60d0l0e", ": f: "},
  };
  for (const auto& [text, why] : refused) {
    const auto goals = parse_goal("goal in run.toml", text);
    ASSERT_FALSE(goals) << text;
    EXPECT_EQ(goals.error().kind, ErrorKind::kUsage);
    EXPECT_TRUE(goals.error().message.starts_with("goal in run.toml ")) << goals.error().message;
    EXPECT_NE(goals.error().message.find(why), std::string::npos) << goals.error().message;
    EXPECT_FALSE(goals.error().hint.empty()) << text;
  }
}

Asked search_for(std::vector<std::string> goals) {
  Asked text(Verb::kSearch);
  text["tx"] = "loopback:a";
  text["rx"] = "loopback:b";
  text["max-rate"] = "1Mpps";
  text.set("goal", std::move(goals));
  return text;
}

TEST(GoalText, AGoalThatSaysItsDurationsHasThem) {
  Asked text = search_for({"csit", "ndr", "tst009"});
  text["method"] = "mlr";
  text["trial-duration"] = "2s";
  text["final-duration"] = "9s";
  const auto made = text.read();
  ASSERT_TRUE(made) << made.error().message;
  const auto run = plan_searches(*made, 0);
  ASSERT_TRUE(run) << run.error().message;
  EXPECT_EQ(run->method, SearchMethod::kMlr);
  const std::vector<SearchSpec>& goals = run->sizes.at(0).goals;
  ASSERT_EQ(goals.size(), 4u);
  for (const std::size_t csit : {0, 1}) {  // whose trials are no longer than its final ones
    EXPECT_EQ(goals[csit].trial_duration, kSecond);
    EXPECT_EQ(goals[csit].final_duration, kSecond);
    EXPECT_EQ(goals[csit].duration_sum, 21 * kSecond);
  }
  EXPECT_EQ(goals[2].trial_duration, 2 * kSecond);
  EXPECT_EQ(goals[2].final_duration, 9 * kSecond);
  EXPECT_EQ(goals[2].duration_sum, 0);
  EXPECT_EQ(goals[3].trial_duration, 2 * kSecond);
  EXPECT_EQ(goals[3].final_duration, 60 * kSecond);
  EXPECT_EQ(goals[3].duration_sum, 120 * kSecond);
}

TEST(GoalText, BisectionTakesGoalsThatOneTrialDecides) {
  for (const char* goal : {"csit", "tst009", "1f2d0l0e"}) {
    Asked text = search_for({goal});
    text["method"] = "bisect";
    const auto made = text.read();
    ASSERT_FALSE(made) << goal;
    EXPECT_NE(made.error().message.find("several trials decide a load"), std::string::npos);
    EXPECT_EQ(made.error().hint, "give --method mlr");
  }
  Asked text = search_for({"rfc2544"});
  text["method"] = "bisect";
  const auto made = text.read();
  ASSERT_TRUE(made) << made.error().message;
  const auto run = plan_searches(*made, 0);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->method, SearchMethod::kBisect);
  EXPECT_EQ(run->sizes.at(0).goals.at(0).final_duration, 60 * kSecond);
}

}  // namespace
}  // namespace wireproof
