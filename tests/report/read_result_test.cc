// Every document that is written is read back, and written again as the same text.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/random.h"
#include "report/hdr_export.h"
#include "report/json.h"
#include "report/sample_reports.h"
#include "report/text.h"

namespace wireproof {
namespace {

using nlohmann::ordered_json;

RunReport reread(const RunReport& report) {
  auto read = read_result(to_json(report));
  EXPECT_TRUE(read.has_value()) << read.error().message;
  return read ? *std::move(read) : RunReport{};
}

TEST(ReadResult, OfEveryKindIsWrittenAgainAsTheSameText) {
  for (const auto& [name, report] : sample_reports()) {
    const RunReport again = reread(report);
    EXPECT_EQ(to_json(again), to_json(report)) << name;
    EXPECT_EQ(to_text(again, true), to_text(reread(again), true)) << name;
  }
}

TEST(ReadResult, TextForPeopleIsThatOfTheRun) {
  for (const auto& [name, report] : sample_reports()) {
    if (name == "failed-start") continue;  // a file name that is no text
    EXPECT_EQ(to_text(reread(report)), to_text(report)) << name;
  }
}

TEST(ReadResult, EachTrialOfASearchGoesBackToItsSearches) {
  RunReport report = search_report();
  report.searches[1].trials.insert(report.searches[1].trials.begin(),
                                   report.searches[0].trials.back());  // rests on it as well
  const RunReport again = reread(report);
  EXPECT_TRUE(again.trials.empty());
  ASSERT_EQ(again.searches.size(), report.searches.size());
  for (std::size_t i = 0; i < report.searches.size(); ++i) {
    const auto& before = report.searches[i].trials;
    const auto& after = again.searches[i].trials;
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t k = 0; k < before.size(); ++k) {
      EXPECT_EQ(after[k].spec.id, before[k].spec.id);
      EXPECT_EQ(after[k].verdict, before[k].verdict);
      EXPECT_EQ(after[k].directions.at(0).counts.lost, before[k].directions.at(0).counts.lost);
    }
  }
}

TEST(ReadResult, OfSeveralStreamsEachHasItsOwn) {
  RunReport report = streams_report();
  report.trials[0].directions[1].intervals.resize(1);
  const RunReport again = reread(report);
  EXPECT_EQ(to_json(again), to_json(report));
  ASSERT_EQ(again.trials.at(0).directions.size(), 3u);
  EXPECT_EQ(again.trials[0].directions[1].stream, 1u);
  EXPECT_EQ(again.trials[0].directions[1].intervals.size(), 1u);
  EXPECT_EQ(again.trials[0].directions[0].intervals.size(), 2u);
  EXPECT_NE(to_text(again).find("af_xdp:ens1f0 -> af_xdp:ens1f1, stream 1\n"), std::string::npos);
}

TEST(ReadResult, SocketsSendOnlyAndUntrackedAreTold) {
  RunReport report = full_trial_report();
  report.here().nics[1].udp_payload = true;
  report.here().nics[1].endpoint = "198.18.0.1:9000";
  report.trials[0].spec.mean_frame_size = 353.75;
  EXPECT_EQ(to_json(reread(report)), to_json(report));
  EXPECT_EQ(reread(report).trials.at(0).directions.at(0).attribution.rx_ring, 30u);
  report.trials.at(0).directions.at(0).to.reset();
  report.trials.at(0).directions.at(0).counts = {.intended = 10, .offered = 9, .unsent = 1};
  EXPECT_FALSE(reread(report).trials.at(0).directions.at(0).to);
  report.trials.at(0).directions.at(1).from = "none";  // a port may be called so
  report.trials.at(0).directions.at(1).to = "none";
  EXPECT_EQ(reread(report).trials.at(0).directions.at(1).to, "none");
}

// Whatever is taken away, or made another kind of thing, is refused or does not matter; and nothing
// that is read is changed by being read.
TEST(ReadResult, NoPartThatIsMissingOrWrongIsTakenForSomethingElse) {
  constexpr std::size_t kTried = 8;  // leaves of each; the fuzz target takes more
  for (const auto& [name, report] : sample_reports()) {
    const ordered_json whole = ordered_json::parse(to_json(report));
    const ordered_json flat = whole.flatten();
    const std::size_t step = std::max<std::size_t>(1, flat.size() / kTried);
    std::size_t refused = 0, number = 0, tried = 0;
    for (const auto& [place, value] : flat.items()) {
      if (number++ % step != 0) continue;
      ++tried;
      for (const bool removed : {true, false}) {
        ordered_json spoilt = whole;
        const ordered_json::json_pointer at(place);
        if (removed && spoilt.at(at.parent_pointer()).is_object()) {
          spoilt.at(at.parent_pointer()).erase(at.back());
        } else {
          spoilt.at(at) = ordered_json::array({nullptr});
        }
        const auto read = read_result(spoilt.dump());
        refused += read ? 0 : 1;
        if (!read) {
          EXPECT_EQ(read.error().kind, ErrorKind::kPrecondition);
          continue;
        }
        const auto again = read_result(to_json(*read));
        ASSERT_TRUE(again.has_value()) << name << place;
        EXPECT_EQ(to_json(*again), to_json(*read)) << name << place;
      }
    }
    EXPECT_GT(refused, tried / 2) << name;
  }
}

// As documents were before there was a list.
TEST(ReadResult, WithoutAListThereIsOneHost) {
  const RunReport report = full_trial_report();
  ordered_json old = ordered_json::parse(to_json(report));
  old["environment"].erase("hosts");
  const auto read = read_result(old.dump());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(report));
  old["environment"]["hosts"] = ordered_json::array();
  EXPECT_FALSE(read_result(old.dump()));
}

TEST(ReadResult, SaysWhereItIsWrong) {
  ordered_json wrong = ordered_json::parse(to_json(full_trial_report()));
  wrong["trials"][0]["directions"][1]["counts"]["lost"] = -1;
  EXPECT_EQ(read_result(wrong.dump()).error().message,
            "this is no result that can be read: /trials/0/directions/1/counts/lost is missing, of "
            "another kind or impossible");
  wrong["schema_version"] = "2.0";
  EXPECT_EQ(read_result(wrong.dump()).error().message,
            "this is no result that can be read: it is of a later schema version");
  wrong["schema"] = "wireproof/doctor";
  EXPECT_EQ(read_result(wrong.dump()).error().message,
            "this is no result that can be read: it is not a result of wireproof");
  EXPECT_EQ(read_result("[]").error().message,
            "this is no result that can be read: it is not a JSON object");
  EXPECT_FALSE(read_result(std::string(100'000, '[')));
}

TEST(Rfc3339, IsReadBack) {
  for (const std::int64_t at : {0l, -1l, 1'777'636'800'123'456'789l, -1'777'636'800'000'000'001l}) {
    EXPECT_EQ(read_rfc3339_utc(rfc3339_utc(at)), at);
  }
  for (const char* none :
       {"", "yesterday", "2026-13-45T12:00:00.000000000Z", "2026-05-01T12:00:00Z",
        "2026-05-01T12:00:00.123456789Z ", "9999-05-01T12:00:00.123456789Z"}) {
    EXPECT_FALSE(read_rfc3339_utc(none)) << none;
  }
}

TEST(HdrExport, IsReadBack) {
  Random random(5);
  for (int round = 0; round < 200; ++round) {
    Histogram histogram;
    for (std::uint64_t i = random.below(40); i > 0; --i) {
      histogram.record(static_cast<Nanoseconds>(random.below(1ull << random.below(37))),
                       1 + random.below(1ull << random.below(40)));
    }
    HistogramSteps steps = histogram.steps();
    if (round % 3 == 0) steps.overflow = random.below(5);
    EXPECT_EQ(read_hdr_v2_base64(hdr_v2_base64(steps), steps.overflow), steps);
  }
  const std::string one = hdr_v2_base64({.steps = {{5, 7}}});
  EXPECT_FALSE(read_hdr_v2_base64(one, 1)) << "nothing lies in the last step";
  EXPECT_FALSE(read_hdr_v2_base64("", 0));
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::string spoilt = one;
    spoilt[i] = spoilt[i] == 'A' ? '/' : 'A';
    const auto read = read_hdr_v2_base64(spoilt, 0);
    if (read) {
      EXPECT_EQ(read, (HistogramSteps{.steps = {{5, 7}}})) << i;
    }
    EXPECT_FALSE(read_hdr_v2_base64(one.substr(0, i), 0)) << i;
  }
}

}  // namespace
}  // namespace wireproof
