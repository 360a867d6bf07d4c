#include "job/ptp_state.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "support/fake_root.h"

namespace wireproof {
namespace {

// linuxptp 3.1.1 over a veth pair, software stamps, free_running, asked as read_ptp_state does.
constexpr const char* kFollowing =
    R"(sending: GET TIME_STATUS_NP
sending: GET PORT_DATA_SET
sending: GET CURRENT_DATA_SET
	76822e.fffe.8aef9f-0 seq 0 RESPONSE MANAGEMENT TIME_STATUS_NP 
		master_offset              -1276
		ingress_time               1795297850504540305
		cumulativeScaledRateOffset +0.000000000
		scaledLastGmPhaseChange    0
		gmTimeBaseIndicator        0
		lastGmPhaseChange          0x0000'0000000000000000.0000
		gmPresent                  true
		gmIdentity                 0243da.fffe.255fb6
	76822e.fffe.8aef9f-1 seq 1 RESPONSE MANAGEMENT PORT_DATA_SET 
		portIdentity            76822e.fffe.8aef9f-1
		portState               UNCALIBRATED
		logMinDelayReqInterval  0
		peerMeanPathDelay       0
		logAnnounceInterval     1
		announceReceiptTimeout  3
		logSyncInterval         0
		delayMechanism          1
		logMinPdelayReqInterval 0
		versionNumber           2
	76822e.fffe.8aef9f-0 seq 2 RESPONSE MANAGEMENT CURRENT_DATA_SET 
		stepsRemoved     1
		offsetFromMaster -1276.0
		meanPathDelay    1617.0
)";

constexpr const char* kMaster =
    R"(sending: GET TIME_STATUS_NP
sending: GET PORT_DATA_SET
	0243da.fffe.255fb6-0 seq 0 RESPONSE MANAGEMENT TIME_STATUS_NP 
		master_offset              0
		gmPresent                  false
		gmIdentity                 0243da.fffe.255fb6
sending: GET CURRENT_DATA_SET
	0243da.fffe.255fb6-1 seq 1 RESPONSE MANAGEMENT PORT_DATA_SET 
		portIdentity            0243da.fffe.255fb6-1
		portState               MASTER
	0243da.fffe.255fb6-0 seq 2 RESPONSE MANAGEMENT CURRENT_DATA_SET 
		stepsRemoved     0
		offsetFromMaster 0.0
		meanPathDelay    0.0
)";

TEST(PtpState, OfAClockThatFollows) {
  const PtpFacts ptp = parse_pmc(kFollowing);
  EXPECT_EQ(ptp.port_state, "UNCALIBRATED");
  EXPECT_TRUE(ptp.gm_present);
  EXPECT_EQ(ptp.gm_identity, "0243da.fffe.255fb6");
  EXPECT_EQ(ptp.offset_ns, -1276);
  EXPECT_EQ(ptp.path_delay_ns, 1617);
  EXPECT_EQ(ptp.steps_removed, 1u);
  EXPECT_EQ(describe_ptp(ptp),
            "UNCALIBRATED, offset -1276 ns, path delay 1617 ns, master 0243da.fffe.255fb6");
}

TEST(PtpState, OfTheMasterItself) {
  const PtpFacts ptp = parse_pmc(kMaster);
  EXPECT_EQ(ptp.port_state, "MASTER");
  EXPECT_FALSE(ptp.gm_present);
  EXPECT_EQ(ptp.offset_ns, 0);
  EXPECT_EQ(ptp.steps_removed, 0u);
}

TEST(PtpState, OfSeveralPortsTheOneThatFollowsCounts) {
  EXPECT_EQ(parse_pmc("portState MASTER\nportState SLAVE\nportState FAULTY\n").port_state, "SLAVE");
}

TEST(PtpState, WhatIsNotUnderstoodIsLeftOut) {
  for (const char* text : {"", "sending: GET TIME_STATUS_NP\n", "\n\n\t\n", "portState"}) {
    EXPECT_EQ(parse_pmc(text).port_state, "") << text;
  }
  const PtpFacts odd = parse_pmc(
      "master_offset 12x\nmeanPathDelay 1e300\nstepsRemoved -3\nmeanPathDelay nan\nportState");
  EXPECT_FALSE(odd.offset_ns);
  EXPECT_FALSE(odd.path_delay_ns);
  EXPECT_FALSE(odd.steps_removed);
  // Cut anywhere.
  const std::string whole = kFollowing;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    static_cast<void>(parse_pmc(std::string_view(whole).substr(0, length)));
  }
}

UniqueFd listen_at(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

// It goes to a terminal, which would obey it.
TEST(PtpState, HoldsNothingThatIsNotText) {
  const PtpFacts facts = parse_pmc(
      "portState \x1b[2J\ngmIdentity a\x07"
      "b\n");
  EXPECT_EQ(facts.port_state, "?[2J");
  EXPECT_EQ(facts.gm_identity, "a?b");
}

TEST(PtpState, IsAbsentWhereNobodyListensAndEmptyWhereNobodyAnswers) {
  const FakeRoot root;
  const std::string path = root.path() + "/ptp4l";
  EXPECT_FALSE(read_ptp_state(kSecond, path));
  EXPECT_FALSE(read_ptp_state(kSecond, std::string(300, 'x')));
  UniqueFd listener = listen_at(path);
  const MonotonicClock clock;
  const Nanoseconds start = clock.now();
  const auto silent = read_ptp_state(kSecond, path);
  EXPECT_LT(clock.now() - start, 4 * kSecond);
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->port_state, "");
  EXPECT_EQ(describe_ptp(*silent), "ptp4l runs and does not answer");
  listener.close();  // killed: its file stays
  EXPECT_FALSE(read_ptp_state(kSecond, path));
}

}  // namespace
}  // namespace wireproof
