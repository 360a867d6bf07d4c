#include "report/calibration.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "report/json.h"
#include "report/sample_reports.h"
#include "report/text.h"
#include "support/sanitized.h"

namespace wireproof {
namespace {

namespace fs = std::filesystem;

Calibrations samples() {
  return calibration_report().calibrations;
}

CalibrationEntry entry_of(const std::string& size, double fps) {
  CalibrationEntry entry = samples().front();
  entry.key.size = size;
  entry.ceiling->lossless_fps = fps;
  return entry;
}

// Every condition counts: each of these alone makes it another key.
TEST(Calibration, ALookupNeedsEveryConditionToBeTheSame) {
  const Calibrations known = samples();
  const CalibrationKey key = known.front().key;
  ASSERT_EQ(find_calibration(known, key), &known.front());
  const std::vector<std::function<void(CalibrationKey&)>> changes = {
      [](CalibrationKey& k) { k.host = "lab2"; },
      [](CalibrationKey& k) { k.kernel += "x"; },
      [](CalibrationKey& k) { k.cpu = ""; },
      [](CalibrationKey& k) { k.version = "0.2.0"; },
      [](CalibrationKey& k) { k.tx_backend = "dpdk"; },
      [](CalibrationKey& k) { k.tx_driver = "veth"; },
      [](CalibrationKey& k) { k.tx_mode = "copy"; },
      [](CalibrationKey& k) { k.rx_backend = "dpdk"; },
      [](CalibrationKey& k) { k.rx_driver = "veth"; },
      [](CalibrationKey& k) { k.rx_mode = "copy"; },
      [](CalibrationKey& k) { k.metric = "round_trip"; },
      [](CalibrationKey& k) { k.tx_stamp = "frame"; },
      [](CalibrationKey& k) { k.rx_stamp = "poll"; },
      [](CalibrationKey& k) { k.idle = "sleep"; },
      [](CalibrationKey& k) { k.size = "65"; },
      [](CalibrationKey& k) { k.tx_cores = 1; },
      [](CalibrationKey& k) { k.rx_cores = 1; },
      [](CalibrationKey& k) { k.cores_shared = false; },
      [](CalibrationKey& k) { k.settings.pop_back(); },
      [](CalibrationKey& k) { k.settings[0].value = false; },
      [](CalibrationKey& k) { k.settings[1].value = 1u; },
      [](CalibrationKey& k) { k.settings[4].value = "precise"; },
      [](CalibrationKey& k) { k.settings[4].key = "placing"; }};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CalibrationKey other = key;
    changes[i](other);
    EXPECT_EQ(find_calibration(known, other), nullptr) << "change " << i;
  }
  EXPECT_EQ(find_calibration({}, key), nullptr);
}

TEST(Calibration, TheTextComesBackAsItWas) {
  const Calibrations known = samples();
  const std::string text = calibrations_to_json(known);
  const Result<Calibrations> back = parse_calibrations(text);
  ASSERT_TRUE(back.has_value()) << back.error().message;
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ((*back)[0].key, known[0].key);
  EXPECT_EQ((*back)[1].key, known[1].key);
  EXPECT_EQ((*back)[0].calibrated_at, known[0].calibrated_at);
  EXPECT_EQ((*back)[0].floor->delay.p99_9, known[0].floor->delay.p99_9);
  EXPECT_EQ((*back)[0].floor->tx_span_max, 900);
  EXPECT_DOUBLE_EQ((*back)[0].ceiling->lossless_fps, 14'100'000.5);
  EXPECT_FALSE((*back)[1].floor.has_value());
  EXPECT_EQ(calibrations_to_json(*back), text);
}

// One value of the file spoilt in each way that a file can be: never an exception, never a guess.
TEST(Calibration, ADamagedTextIsRefusedWithAReason) {
  using Json = nlohmann::json;
  const Json good = Json::parse(calibrations_to_json(samples()));
  const std::vector<std::pair<std::string, std::function<void(Json&)>>> damages = {
      {"version", [](Json& j) { j["schema_version"] = "2.0"; }},
      {"version ?[2J, not", [](Json& j) { j["schema_version"] = "\x1b[2J"; }},
      {"not a calibration", [](Json& j) { j["schema"] = "wireproof/result"; }},
      {"not a calibration", [](Json& j) { j.erase("schema"); }},
      {"entries", [](Json& j) { j["entries"] = 5; }},
      {"/entries/1 is", [](Json& j) { j["entries"][1] = "x"; }},
      {"key", [](Json& j) { j["entries"][0].erase("key"); }},
      {"key/queues", [](Json& j) { j["entries"][0]["key"]["queues"] = -1; }},
      {"key/pacing", [](Json& j) { j["entries"][0]["key"]["pacing"] = {"burst"}; }},
      {"key/latency", [](Json& j) { j["entries"][0]["key"]["latency"] = "\x1b[2J"; }},
      {"tx_stamp", [](Json& j) { j["entries"][0]["key"]["tx_stamp"] = 7; }},
      {"cores_shared", [](Json& j) { j["entries"][0]["key"].erase("cores_shared"); }},
      {"p50_ns", [](Json& j) { j["entries"][0]["floor"]["p50_ns"] = 1.5; }},
      {"min_ns", [](Json& j) { j["entries"][0]["floor"]["min_ns"] = -1; }},
      {"max_ns", [](Json& j) { j["entries"][0]["floor"]["max_ns"] = ~0ull; }},
      {"stdev_ns", [](Json& j) { j["entries"][0]["floor"]["stdev_ns"] = 1e19; }},
      {"duration_s", [](Json& j) { j["entries"][0]["floor"]["duration_s"] = 1e300; }},
      {"lossless_fps", [](Json& j) { j["entries"][0]["ceiling"]["lossless_fps"] = -1; }},
      {"/entries/0/floor is", [](Json& j) { j["entries"][0]["floor"] = Json::array(); }},
      {"calibrated_at", [](Json& j) { j["entries"][0].erase("calibrated_at"); }}};
  for (const auto& [word, damage] : damages) {
    Json spoilt = good;
    damage(spoilt);
    const Result<Calibrations> read = parse_calibrations(spoilt.dump());
    ASSERT_FALSE(read.has_value()) << word;
    EXPECT_NE(read.error().message.find(word), std::string::npos) << read.error().message;
  }
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"),
        std::string(100'000, '['), std::string("\xff\xfe\0", 3),
        good.dump().substr(0, good.dump().size() / 2)}) {
    EXPECT_FALSE(parse_calibrations(text).has_value()) << text.substr(0, 20);
  }
}

TEST(Calibration, AKeyIsKeptOnceAndTheOldestAreForgotten) {
  Calibrations known;
  for (std::size_t i = 0; i < kCalibrationsKept + 2; ++i) {
    keep_calibration(known, entry_of(std::to_string(i), 1));
  }
  ASSERT_EQ(known.size(), kCalibrationsKept);
  EXPECT_EQ(known.front().key.size, "2");
  keep_calibration(known, entry_of("2", 99));
  EXPECT_EQ(known.size(), kCalibrationsKept);
  EXPECT_EQ(known.front().key.size, "3");
  EXPECT_DOUBLE_EQ(known.back().ceiling->lossless_fps, 99);
}

TEST(Calibration, ThePlaceIsTheOneOfTheSpecification) {
  EXPECT_EQ(calibration_path("/s", "/h"), "/s/wireproof/calibration.json");
  EXPECT_EQ(calibration_path(nullptr, "/h"), "/h/.local/state/wireproof/calibration.json");
  EXPECT_EQ(calibration_path("", "/h"), "/h/.local/state/wireproof/calibration.json");
  EXPECT_EQ(calibration_path("state", "/h"), "/h/.local/state/wireproof/calibration.json");
  EXPECT_EQ(calibration_path(nullptr, nullptr), "");
  EXPECT_EQ(calibration_path("relative", ""), "");
}

class CalibrationFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "wireproof-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = calibration_path((folder_ / "state").c_str(), nullptr);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void put(const std::string& text) const {
    fs::create_directories(fs::path(path_).parent_path());
    std::ofstream(path_) << text;
  }
  [[nodiscard]] Calibrations stored() const {
    const auto known = load_calibrations(path_);
    EXPECT_TRUE(known.has_value()) << known.error().message;
    return known.value_or(Calibrations{});
  }

  fs::path folder_;
  std::string path_;
};

TEST_F(CalibrationFile, IsMadeWithItsFoldersForThisUserAlone) {
  EXPECT_TRUE(stored().empty());
  const auto note = store_calibrations(path_, samples());
  ASSERT_TRUE(note.has_value()) << note.error().message;
  EXPECT_EQ(*note, "");
  EXPECT_EQ(stored().size(), 2u);
  for (const char* made : {"state", "state/wireproof"}) {
    struct stat status {};
    ASSERT_EQ(stat((folder_ / made).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777u, 0700u) << made;
  }
}

TEST_F(CalibrationFile, StoringChangesTheSameKeyAndKeepsTheOthers) {
  ASSERT_TRUE(store_calibrations(path_, samples()).has_value());
  const Calibrations again = {entry_of("64", 7), entry_of("1518", 8)};
  ASSERT_TRUE(store_calibrations(path_, again).has_value());
  const Calibrations known = stored();
  ASSERT_EQ(known.size(), 3u);
  EXPECT_DOUBLE_EQ(find_calibration(known, samples()[0].key)->ceiling->lossless_fps, 7);
  EXPECT_NE(find_calibration(known, samples()[1].key), nullptr);
}

// A reader sees the old file or the new one at any time, and no store is lost.
TEST_F(CalibrationFile, ManyAtOnceLoseNothing) {
  constexpr int kWriters = 4;
  const int each = sanitized() ? 6 : 25;  // the file grows with each
  std::atomic<bool> writing = true;
  std::thread reader([&] {
    std::size_t most = 0;
    while (writing) {
      const auto known = load_calibrations(path_);
      ASSERT_TRUE(known.has_value()) << known.error().message;
      ASSERT_GE(known->size(), most);
      most = known->size();
    }
  });
  std::vector<std::thread> writers;
  writers.reserve(kWriters);
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < each; ++i) {
        const Calibrations one = {entry_of(std::to_string(w * each + i), 1)};
        EXPECT_TRUE(store_calibrations(path_, one).has_value());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  writing = false;
  reader.join();
  EXPECT_EQ(stored().size(), static_cast<std::size_t>(kWriters * each));
  // Nothing is left beside it.
  const auto files = std::distance(fs::directory_iterator(fs::path(path_).parent_path()), {});
  EXPECT_EQ(files, 1);
}

TEST_F(CalibrationFile, ADamagedOneIsSaidAndKeptAside) {
  const std::vector<std::string> damaged = {
      R"({"schema":"wireproof/calibration","schema_version":"9.9"})", "half a {", "\x01\x02"};
  for (const std::string& text : damaged) {
    put(text);
    const auto known = load_calibrations(path_);
    ASSERT_FALSE(known.has_value());
    EXPECT_EQ(known.error().kind, ErrorKind::kPrecondition);
    EXPECT_NE(known.error().message.find(path_ + " is ignored: "), std::string::npos);
    const auto note = store_calibrations(path_, samples());
    ASSERT_TRUE(note.has_value()) << note.error().message;
    EXPECT_NE(note->find(path_ + ".unreadable"), std::string::npos);
    std::ostringstream kept;
    kept << std::ifstream(path_ + ".unreadable").rdbuf();
    EXPECT_EQ(kept.str(), text);
    EXPECT_EQ(stored().size(), 2u);
  }
}

TEST_F(CalibrationFile, WhatIsNoFileIsRefusedAtOnce) {
  fs::create_directories(path_);
  EXPECT_FALSE(load_calibrations(path_).has_value());
  EXPECT_FALSE(check_calibration_storable(path_).has_value());
  fs::remove_all(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(load_calibrations(path_).has_value());  // and does not wait for a writer
  EXPECT_FALSE(check_calibration_storable("").has_value());
  EXPECT_FALSE(check_calibration_storable("/proc/self/nothing/calibration.json").has_value());
}

TEST(Baseline, IsWhatTheCalibrationFound) {
  const CalibrationEntry entry{
      .calibrated_at = "2026-04-30T09:00:00Z",
      .floor = CalibrationFloor{.delay = {.p50 = 10, .p90 = 11, .p99 = 12, .p99_9 = 13}},
      .ceiling = CalibrationCeiling{.lossless_fps = 7, .precision = 0.5}};
  Baseline baseline = beside(entry);
  EXPECT_EQ(baseline.calibrated_at, "2026-04-30T09:00:00Z");
  EXPECT_EQ(baseline.floor_p50, 10);
  EXPECT_EQ(baseline.floor_p99_9, 13);
  EXPECT_EQ(baseline.ceiling_fps, 7);
  baseline = beside({});
  EXPECT_EQ(baseline.floor_p50, std::nullopt);
  EXPECT_EQ(baseline.floor_p99_9, std::nullopt);
  EXPECT_EQ(baseline.ceiling_fps, std::nullopt);
}

TEST(Baseline, IsShownBesideAndChangesNothingElse) {
  RunReport with = full_trial_report();
  RunReport without = with;
  for (DirectionResult& direction : without.trials[0].directions) direction.baseline.reset();
  using Json = nlohmann::json;
  Json shown = Json::parse(to_json(with));
  Json& first = shown["trials"][0]["directions"][0];
  EXPECT_EQ(first["latency"]["floor_ns"], (Json{{"p50", 1900}, {"p99_9", 8000}}));
  EXPECT_EQ(first["latency"]["calibrated_at"], "2026-04-30T09:00:00.000000001Z");
  EXPECT_EQ(first["ceiling_fps"], 14'100'000.0);
  Json& second = shown["trials"][0]["directions"][1];
  EXPECT_FALSE(second.contains("ceiling_fps"));
  EXPECT_EQ(second["latency"]["floor_ns"], (Json{{"p50", 1950}}));
  for (Json* direction : {&first, &second}) {
    direction->erase("ceiling_fps");
    (*direction)["latency"].erase("floor_ns");
    (*direction)["latency"].erase("calibrated_at");
  }
  EXPECT_EQ(shown, Json::parse(to_json(without)));  // nothing was subtracted
  EXPECT_NE(to_text(with).find("back-to-back baseline of the tester alone"), std::string::npos);
  EXPECT_EQ(to_text(without).find("back-to-back baseline of the tester alone"), std::string::npos);
}

}  // namespace
}  // namespace wireproof
