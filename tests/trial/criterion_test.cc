#include "trial/criterion.h"

#include <gtest/gtest.h>

namespace wireproof {
namespace {

TrialResult two_ways() {
  TrialResult trial;
  trial.verdict = Verdict::kFail;
  DirectionResult one{.from = "a", .to = "b"};
  one.sequence_spaces = 1;
  one.counts = {.intended = 1000,
                .offered = 1000,
                .received = 995,
                .unique = 990,
                .lost = 10,
                .duplicate = 5,
                .reordered = 99};
  one.delay =
      DelaySummary{.actual = {.samples = 990, .min = 10, .mean = 20, .max = 900, .p50 = 15}};
  one.jitter = JitterSummary{.rfc3550_mean = 7, .rfc3550_max = 9, .rfc3550_spaces = 1};
  one.reordering = ReorderingSummary{};
  trial.directions = {one, one};
  DirectionResult& back = trial.directions[1];
  back.from = "b";
  back.to = "a";
  back.counts.lost = 30;
  back.counts.unique = 970;
  back.delay->actual.max = 800;
  return trial;
}

std::vector<CriterionResult> judged(std::string_view text, const TrialResult& trial) {
  const auto criteria = parse_criteria("--fail-if", text);
  EXPECT_TRUE(criteria.has_value()) << criteria.error().message;
  return criteria ? judge_criteria(*criteria, trial) : std::vector<CriterionResult>{};
}

// Of 2,000 that were to be sent 1,000 were: shares are of those.
TEST(Criterion, EachNameMeasuresItsOwnFigure) {
  TrialResult trial;
  trial.verdict = Verdict::kPass;  // of an invalid one nothing is judged
  DirectionResult one{.from = "a", .to = "b"};
  one.sequence_spaces = 1;
  one.counts = {.intended = 2000,
                .offered = 1000,
                .unsent = 1000,
                .received = 820,
                .unique = 800,
                .lost = 200,
                .duplicate = 20,
                .reordered = 8};
  one.delay = DelaySummary{.actual = {.samples = 800,
                                      .min = 1,
                                      .mean = 2,
                                      .max = 3,
                                      .p50 = 4,
                                      .p90 = 5,
                                      .p99 = 6,
                                      .p99_9 = 7,
                                      .p99_99 = 8,
                                      .p99_999 = 9}};
  one.jitter = JitterSummary{.rfc3550_mean = 10,
                             .rfc3550_max = 11,
                             .rfc3550_spaces = 1,
                             .ipdv_pairs = 1,
                             .ipdv_mean_abs = 12,
                             .ipdv_max = 13,
                             .ipdv_p99_9 = 14,
                             .pdv_max = 15,
                             .pdv_p50 = 16,
                             .pdv_p99 = 17,
                             .pdv_p99_9 = 18};
  one.reordering = ReorderingSummary{};
  trial.directions = {one};
  for (const auto& [name, value] :
       {std::pair{"loss", 0.2}, {"duplicates", 0.02}, {"reordering", 0.01}}) {
    EXPECT_DOUBLE_EQ(*judged(std::string(name) + ">50%", trial).at(0).measured, value) << name;
  }
  for (const auto& [name, value] : {std::pair{"delay_min", 1},
                                    {"delay_mean", 2},
                                    {"delay_max", 3},
                                    {"delay_p50", 4},
                                    {"delay_p90", 5},
                                    {"delay_p99", 6},
                                    {"delay_p99_9", 7},
                                    {"delay_p99_99", 8},
                                    {"delay_p99_999", 9},
                                    {"jitter", 10},
                                    {"jitter_max", 11},
                                    {"ipdv_mean_abs", 12},
                                    {"ipdv_max", 13},
                                    {"ipdv_p99_9", 14},
                                    {"pdv_max", 15},
                                    {"pdv_p50", 16},
                                    {"pdv_p99", 17},
                                    {"pdv_p99_9", 18}}) {
    EXPECT_EQ(*judged(std::string(name) + ">1s", trial).at(0).measured, value) << name;
  }
}

TEST(Criterion, SeveralWithCommasAndBlanks) {
  const auto criteria = parse_criteria("--fail-if", " loss > 0.1% ,delay_p99>1ms,invalid");
  ASSERT_TRUE(criteria.has_value()) << criteria.error().message;
  ASSERT_EQ(criteria->size(), 3u);
  EXPECT_EQ((*criteria)[0].name, "loss");
  EXPECT_DOUBLE_EQ((*criteria)[0].limit, 0.001);
  EXPECT_EQ((*criteria)[1].name, "delay_p99");
  EXPECT_DOUBLE_EQ((*criteria)[1].limit, 1e6);
  EXPECT_EQ((*criteria)[1].needs, CriterionNeeds::kDelays);
  EXPECT_EQ((*criteria)[2].unit, CriterionUnit::kVerdict);
  EXPECT_EQ((*parse_criteria("", "rfc3550>1us"))[0].name, "jitter");
  EXPECT_EQ((*parse_criteria("", "latency_p99_9>1us"))[0].name, "delay_p99_9");
}

TEST(Criterion, WhatIsNoneIsRefusedWithTheFlagAndACure) {
  for (const char* text :
       {"", "loss", "loss>", "loss>101%", "loss>1", "reordering>100%", "loss>=1%", "loss<1%",
        "delay>1ms", "delay_p99>1%", "loss>1ms", "loss>0.1%,", ",loss>1%", "invalid>1", "invalid>",
        "delay_p98>1ms", "lo ss>1%"}) {
    const auto criteria = parse_criteria("--fail-if", text);
    ASSERT_FALSE(criteria.has_value()) << text;
    EXPECT_EQ(criteria.error().kind, ErrorKind::kUsage);
    EXPECT_NE(criteria.error().message.find("--fail-if"), std::string::npos) << text;
    EXPECT_NE(criteria.error().hint, "") << text;
  }
}

TEST(Criterion, TheWorstDirectionDecides) {
  const auto results = judged("loss>2%,loss>3%,delay_max>850ns,delay_max>900ns", two_ways());
  ASSERT_EQ(results.size(), 4u);
  EXPECT_TRUE(results[0].failed);
  EXPECT_DOUBLE_EQ(*results[0].measured, 0.03);
  EXPECT_EQ(results[0].from, "b");
  EXPECT_FALSE(results[1].failed);  // beyond, not at
  EXPECT_TRUE(results[2].failed);
  EXPECT_EQ(results[2].from, "a");
  EXPECT_FALSE(results[3].failed);
}

TEST(Criterion, EachNumberIsItsOwn) {
  const auto of = [](const char* text) { return *judged(text, two_ways()).at(0).measured; };
  EXPECT_DOUBLE_EQ(of("duplicates>0"), 0.005);
  EXPECT_DOUBLE_EQ(of("reordering>0"), 99.0 / 970);
  EXPECT_DOUBLE_EQ(of("delay_min>0"), 10);
  EXPECT_DOUBLE_EQ(of("delay_mean>0"), 20);
  EXPECT_DOUBLE_EQ(of("delay_p50>0"), 15);
  EXPECT_DOUBLE_EQ(of("jitter>0"), 7);
  EXPECT_DOUBLE_EQ(of("jitter_max>0"), 9);
}

TEST(Criterion, WhatWasNotMeasuredHasFailed) {
  for (const char* text : {"delay_p99>1h", "ipdv_max>1h", "pdv_p99>1h"}) {
    const auto results = judged(text, two_ways());
    ASSERT_EQ(results.size(), 1u);
    EXPECT_TRUE(results[0].failed) << text;
    EXPECT_FALSE(results[0].measured.has_value());
    EXPECT_NE(results[0].reason, "");
  }
  TrialResult trial = two_ways();
  trial.directions[1].counts = {};  // nothing was sent that way
  EXPECT_TRUE(judged("loss>50%", trial).at(0).failed);
  trial = two_ways();
  trial.directions[1].to.reset();
  EXPECT_TRUE(judged("loss>50%", trial).at(0).failed);
}

TEST(Criterion, OfAnInvalidTrialOnlyItsVerdictIsAsked) {
  TrialResult trial = two_ways();
  EXPECT_FALSE(judged("invalid", trial).at(0).failed);
  trial.verdict = Verdict::kInvalid;
  trial.reason = "tx shortfall";
  const auto results = judged("loss>0%,invalid", trial);
  ASSERT_EQ(results.size(), 1u);
  EXPECT_TRUE(results[0].failed);
  EXPECT_EQ(results[0].reason, "tx shortfall");
}

}  // namespace
}  // namespace wireproof
