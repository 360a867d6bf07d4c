// What the suite takes for granted, and what it refuses.
#include <gtest/gtest.h>

#include "settings/asked.h"

namespace wireproof {
namespace {

Asked suite(const char* tx = "af_packet:t0", const char* rx = "af_packet:t1") {
  Asked asked(Verb::kRfc2544);
  asked["tx"] = tx;
  asked["rx"] = rx;
  return asked;
}

std::string refusal(const Asked& asked) {
  const auto settings = asked.read();
  return settings ? "taken" : settings.error().message;
}

std::string sizes_of(const Settings& settings) {
  std::string text;
  for (const SizeChoice& size : settings.test.sizes) text += size.name + " ";
  return text;
}

TEST(SuiteSettings, ByTheLetterUnlessQuick) {
  const Settings settings = *suite().read();
  EXPECT_EQ(sizes_of(settings), "64 128 256 512 1024 1280 1518 ");
  EXPECT_EQ(settings.test.profile.dst_l4_port, 7);
  EXPECT_EQ(settings.test.trial.waiting_time, 2 * kSecond);
  EXPECT_FALSE(settings.test.trial.end_when_complete);
  EXPECT_EQ(settings.suite.settle, 5 * kSecond);
  EXPECT_EQ(settings.search.goals.at(0).goal.name, "rfc2544");
  EXPECT_EQ(settings.search.goals[0].final_duration, 60 * kSecond);
  EXPECT_EQ(settings.suite.tests.size(), 5u);
  EXPECT_EQ(settings.suite.tests.back(), SuiteTest::kRecovery);
}

TEST(SuiteSettings, QuickShortensWhatTheUserDidNotGive) {
  Asked asked = suite();
  asked["quick"] = "true";
  const Settings settings = *asked.read();
  EXPECT_EQ(settings.test.trial.waiting_time, 300 * kMillisecond);
  EXPECT_TRUE(settings.test.trial.end_when_complete);
  EXPECT_EQ(settings.suite.settle, 0);
  EXPECT_EQ(settings.search.goals.at(0).goal.name, "ndr");
  EXPECT_EQ(settings.search.spec.final_duration, kSecond);
  asked["waiting-time"] = "1s";
  asked["settle"] = "3s";
  asked["goal"] = "csit";
  EXPECT_EQ(asked.read()->test.trial.waiting_time, kSecond);
  EXPECT_EQ(asked.read()->suite.settle, 3 * kSecond);
  EXPECT_EQ(asked.read()->search.goals.size(), 2u);
}

TEST(SuiteSettings, OtherVerbsKeepTheirDefaults) {
  const Settings settings = *between("loopback:a", "loopback:b").read();
  EXPECT_EQ(settings.test.profile.dst_l4_port, 9);
  EXPECT_EQ(sizes_of(settings), "64 ");
}

TEST(SuiteSettings, AnswersAreNamedInTheirOrder) {
  Asked asked = suite();
  asked["tests"] = "loss,throughput,reset";
  EXPECT_EQ(asked.read()->suite.tests,
            (std::vector{SuiteTest::kThroughput, SuiteTest::kLoss, SuiteTest::kReset}));
  asked["tests"] = "loss,speed";
  EXPECT_EQ(refusal(asked), "--tests 'speed': unknown");
  asked["tests"] = "throughput,";
  EXPECT_EQ(refusal(asked), "--tests '': unknown");
  asked["tests"] = "loss,throughput,loss";
  EXPECT_EQ(refusal(asked), "--tests 'loss': named twice");
}

TEST(SuiteSettings, AThroughputIsFoundOrGiven) {
  Asked asked = suite();
  asked["tests"] = "latency";
  EXPECT_EQ(refusal(asked), "--tests without throughput: the other tests are made at it");
  asked["throughput"] = "1kpps";
  EXPECT_EQ(refusal(asked), "taken");
  asked["tests"] = "throughput,latency";
  EXPECT_EQ(refusal(asked), "--throughput and the throughput test: give it or search for it");
  asked.erase("tests");
  EXPECT_EQ(asked.read()->suite.tests.front(), SuiteTest::kLatency);
  asked["throughput"] = "max";
  EXPECT_EQ(refusal(asked), "--throughput max: not a rate");
  Asked loss = suite();
  loss["tests"] = "loss";
  EXPECT_EQ(refusal(loss), "taken");
}

TEST(SuiteSettings, AResetNeedsSomebodyWhoAsksForIt) {
  Asked asked = suite();
  asked["reset-command"] = "reboot";
  EXPECT_EQ(asked.read()->suite.tests.back(), SuiteTest::kReset);
  asked["tests"] = "throughput";
  EXPECT_EQ(refusal(asked), "--reset-command has no effect without the reset test");
}

TEST(SuiteSettings, FramesThatAreTooSmallGiveWayToTheLeastThatWorks) {
  Asked asked = suite();
  asked["ipv6"] = "true";
  EXPECT_EQ(sizes_of(*asked.read()), "84 128 256 512 1024 1280 1518 ");
  ASSERT_EQ(asked.read()->suite.replaced.size(), 1u);
  EXPECT_EQ(asked.read()->suite.replaced[0],
            "frames of 84 bytes in place of 64, which have no room for the signature behind these "
            "headers");
  asked["size"] = "64,72,84,512";
  EXPECT_EQ(sizes_of(*asked.read()), "84 512 ");
  Asked tagged = suite();
  tagged["vlan"] = "7";
  EXPECT_EQ(sizes_of(*tagged.read()), "68 128 256 512 1024 1280 1518 ");
  Asked mix = suite();
  mix["size"] = "imix";
  EXPECT_TRUE(mix.read()->suite.replaced.empty());
}

// RFC 6815.
TEST(SuiteSettings, OnlyNetworksForTestsAreOverloaded) {
  const auto to = [](const char* address) {
    Asked asked = suite();
    asked["dst-ip"] = address;
    if (std::string(address).find(':') != std::string::npos) asked["ipv6"] = "true";
    return asked;
  };
  for (const char* fine : {"198.18.0.2", "198.19.255.1", "2001:2::1", "2001:2:0:ffff::1"})
    EXPECT_EQ(refusal(to(fine)), "taken") << fine;
  for (const char* real :
       {"198.17.255.2", "198.20.0.1", "10.0.0.1", "2001:db8::1", "2001:2:1::1"}) {
    EXPECT_EQ(refusal(to(real)), std::string("frames would be sent to ") + real +
                                     ", which is not an address for tests (RFC 6815): the suite "
                                     "overloads what it sends to");
  }
  Asked allowed = to("10.0.3.1");
  allowed["allow-target"] = "10.0.0.0/16";
  EXPECT_EQ(refusal(allowed), "taken");
  allowed["allow-target"] = "10.0.0.0/23";
  EXPECT_NE(refusal(allowed), "taken");
  allowed["allow-target"] = "10.0.3.1";
  EXPECT_EQ(refusal(allowed), "taken");
  // The last of many flows has an address of its own.
  allowed["flows"] = "40k";
  EXPECT_NE(refusal(allowed), "taken");
}

TEST(SuiteSettings, BothDirectionsHaveTargets) {
  Asked asked = suite();
  asked["src-ip"] = "10.0.0.1";
  EXPECT_EQ(refusal(asked), "taken");
  asked["bidirectional"] = "true";
  EXPECT_NE(refusal(asked).find("sent to 10.0.0.1"), std::string::npos);
}

TEST(SuiteSettings, SocketsSendToEachOther) {
  EXPECT_EQ(refusal(suite("io_uring:127.0.0.1:9000", "io_uring:127.0.0.1:9001")), "taken");
  EXPECT_EQ(refusal(suite("io_uring:[::1]:9000", "io_uring:[::1]:9001")), "taken");
  EXPECT_NE(
      refusal(suite("io_uring:10.0.0.1:9000", "io_uring:10.0.0.2:9001")).find("sent to 10.0.0.2"),
      std::string::npos);
}

TEST(SuiteSettings, WhatCannotBeMeasuredIsRefused) {
  Asked asked = suite();
  asked["rx"] = "none";
  EXPECT_EQ(refusal(asked), "--rx none: the suite needs a receiver");
  Asked off = suite();
  off["latency"] = "off";
  EXPECT_EQ(refusal(off), "--latency off: the latency test needs delays");
  Asked lowest = suite();
  lowest["min-rate"] = "max";
  EXPECT_EQ(refusal(lowest), "--min-rate max: there is no range to search");
}

}  // namespace
}  // namespace wireproof
