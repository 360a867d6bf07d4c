// One suite for every backend: each promise of src/io/backend.h is a test (conformance_test.cc,
// starvation_test.cc, threads_test.cc). A backend joins with one file, NAME_rig.cc, that makes
// connected pairs of its ports and ends with
//   INSTANTIATE_TEST_SUITE_P(NAME, Conformance, testing::Values(&make_NAME_rig), rig_name);
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conformance/test_frames.h"
#include "io/backend.h"

namespace wireproof {

// What the suite needs to know of a backend, and the place (namespaces, veth) its ports live in.
class Rig {
 public:
  virtual ~Rig() = default;
  [[nodiscard]] virtual std::string name() const = 0;    // of the instance: "af_xdp_copy"
  [[nodiscard]] virtual std::string cannot() const = 0;  // why this machine cannot; empty: it can
  [[nodiscard]] virtual Backend& backend() = 0;
  [[nodiscard]] virtual PortSpec port(unsigned side) = 0;  // 0, 1: two connected ports
  [[nodiscard]] virtual std::string mode() const = 0;      // what facts().mode must begin with

  unsigned queues_most = 2;
  Nanoseconds stamp_slack = 0;  // how far a stamp may lie outside the readings around it
  // Do the drop counters of both ends explain a missing frame exactly, or are they upper bounds?
  bool drops_exact = true;
  // false: the receiving end's driver hides its drops, and must say that it cannot tell.
  bool drops_told = true;
  std::uint32_t starving_frames = 20'000;  // more than the receiving side has any room for
};

using MakeRig = std::unique_ptr<Rig> (*)();

[[nodiscard]] std::string rig_name(const testing::TestParamInfo<MakeRig>& info);

class Conformance : public testing::TestWithParam<MakeRig> {
 protected:
  void SetUp() override;

  // A spec whose steering takes the test traffic.
  [[nodiscard]] OpenSpec spec(unsigned queues = 1, std::uint32_t ring_frames = 1024) const;
  // Opens both ends, checks that the backend asked for is the one used, connects them. Throws
  // std::runtime_error (and gtest ends the test) when an end does not open.
  void open(const OpenSpec& spec);
  void open() { open(spec()); }
  void close();

  // Sends frames number..number+count-1 of `length` and receives what comes, never more under way
  // than a small ring holds. Returns the frames received, checked byte by byte, in order of
  // arrival.
  std::vector<std::uint64_t> exchange(std::uint64_t number, std::uint64_t count,
                                      std::uint16_t length);
  // Fills and submits; retries what was not accepted until it is or none has been for a second.
  // Returns how many were accepted.
  std::uint64_t send(TxQueue& tx, const TestFrames& frames, std::uint64_t number,
                     std::uint64_t count, std::uint16_t length);
  // Receives until `count` have come or nothing has come for `patience`; checks every byte.
  std::vector<std::uint64_t> receive(RxQueue& rx, std::uint64_t count,
                                     Nanoseconds patience = 200 * kMillisecond);
  // Sends the frames one by one; what has come 100 ms later.
  std::vector<std::vector<std::uint8_t>> deliver(
      const std::vector<std::vector<std::uint8_t>>& frames);
  // Until the counters stand still. Fails the test when they cannot be read.
  DeviceCounters settled(Device& device);
  // `missing` frames from a to b are in the counters of both ends, as well as the rig's driver can
  // tell.
  void expect_explained(std::uint64_t missing, const DeviceCounters& receiver);
  // Reaps until nothing is in flight or a second has passed; returns what is still in flight.
  std::size_t reap_all(TxQueue& tx);

  MonotonicClock clock_;
  std::unique_ptr<Rig> rig_;
  std::unique_ptr<Device> a_, b_;
  std::unique_ptr<TestFrames> frames_;  // from a to b
};

[[nodiscard]] std::uint64_t drops(const DeviceCounters& sender, const DeviceCounters& receiver);

}  // namespace wireproof
