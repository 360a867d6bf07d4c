#include "report/trial_exchange.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace wireproof {
namespace {

TEST(TrialRequest, IsOneLineWithTheKeysOfTheContract) {
  const std::string text = trial_request(
      {.id = 7, .frame_size = 512, .intended_fps = 14880952.38, .duration = 1500 * kMillisecond});
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  EXPECT_EQ(
      nlohmann::json::parse(text),
      (nlohmann::json{
          {"load_fps", 14880952.38}, {"duration_s", 1.5}, {"frame_size", 512}, {"trial", 7}}));
}

TEST(TrialAnswer, IsReadInFull) {
  const auto answer = parse_trial_answer(
      R"( {"intended":1000,"offered":990,"received":980,"duration_s":1.001,"invalid":"link"} )");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->intended, 1000u);
  EXPECT_EQ(answer->offered, 990u);
  EXPECT_EQ(answer->received, 980u);
  EXPECT_EQ(answer->duration, 1'001 * kMillisecond);
  EXPECT_EQ(answer->invalid, "link");
  const auto plain = parse_trial_answer(
      R"({"received":0,"offered":18446744073709551615,"intended":18446744073709551615,)"
      R"("duration_s":1})");
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->offered, ~0ull);
  EXPECT_EQ(plain->invalid, "");
}

TEST(TrialAnswer, EachFaultIsNamed) {
  const std::string head = R"({"intended":10,"offered":10,"received":)";
  const std::string deep = std::string(100'000, '[');
  const std::pair<std::string, std::string> rows[] = {
      {"", "is not JSON"},
      {"Segmentation fault", "is not JSON"},
      {head + R"(1,"duration_s":1} trailing)", "is not JSON"},
      {"[1]", "is not one flat object"},
      {"7", "is not one flat object"},
      {"null", "is not one flat object"},
      {deep, "is not one flat object"},
      {R"({"intended":{"a":1}})", "is not one flat object"},
      {head + R"(1})", "'duration_s' is missing"},
      {R"({"offered":1,"received":1,"duration_s":1})", "'intended' is missing"},
      {head + R"(-1,"duration_s":1})", "'received' is not a whole number of frames: -1"},
      {head + R"(1.5,"duration_s":1})", "'received' is not a whole number of frames: 1.5"},
      {head + R"(1e3,"duration_s":1})", "'received' is not a whole number of frames: 1000.0"},
      {head + R"("1","duration_s":1})", "'received' is not a whole number of frames: \"1\""},
      {head + R"(null,"duration_s":1})", "'received' is not a whole number of frames: null"},
      {head + R"(18446744073709551616,"duration_s":1})", "'received' is not a whole number"},
      {head + R"(NaN,"duration_s":1})", "is not JSON"},
      {head + R"(11,"duration_s":1})", "received 11 is more than offered 10"},
      {R"({"intended":9,"offered":10,"received":1,"duration_s":1})",
       "offered 10 is more than intended 9"},
      {head + R"(1,"duration_s":0})", "'duration_s' is no duration: 0"},
      {head + R"(1,"duration_s":-1})", "'duration_s' is no duration: -1"},
      {head + R"(1,"duration_s":"1"})", "'duration_s' is not a number"},
      {head + R"(1,"duration_s":1e400})", "is not JSON"},
      {head + R"(1,"duration_s":1,"Invalid":"x"})", "'Invalid' is not a known key"},
      {head + R"(1,"duration_s":1,"invalid":true})", "'invalid' is not a reason in words"},
      {head + R"(1,"duration_s":1,"invalid":""})", "'invalid' is not a reason in words"},
      {head + R"(1,"received":2,"duration_s":1})", "'received' is given twice"},
      {head + R"(1,"duration_s":1e-10})", "'duration_s' is no duration: 1e-10"},
      {head + R"(1,"duration_s":1,"\u001b[2J":1})", "'?[2J' is not a known key"},
      {head + R"("\u001b)" + std::string(5000, 'x') + R"(","duration_s":1})", "xxx..."},
  };
  for (const auto& [text, what] : rows) {
    const auto answer = parse_trial_answer(text);
    ASSERT_FALSE(answer) << text.substr(0, 100);
    EXPECT_EQ(answer.error().kind, ErrorKind::kPeer);
    EXPECT_NE(answer.error().message.find(what), std::string::npos)
        << text.substr(0, 100) << " -> " << answer.error().message;
  }
}

// A reason goes to a terminal, which would obey it.
TEST(TrialAnswer, AReasonHoldsNoControlCharacters) {
  const auto answer = parse_trial_answer(
      R"({"intended":1,"offered":1,"received":1,"duration_s":1,"invalid":"a\u001b[2J\n\u00e9"})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->invalid, "a?[2J?\xc3\xa9");
}

}  // namespace
}  // namespace wireproof
