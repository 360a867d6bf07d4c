// How long the tests of a suite are: by the letter of the RFCs, or shortened, and what that comes
// to.
#pragma once

#include "trial/suite.h"

namespace wireproof {

// RFC 2544, RFC 8219, RFC 9004: what a SuiteSpec says by default.
[[nodiscard]] SuiteSpec full_length(std::vector<SuiteTest> tests);
// Long enough to see what a device does, in minutes: one or a few repetitions of seconds. Trials at
// the throughput are no longer than those that found it, so that a queue which fills slowly is full
// in neither.
[[nodiscard]] SuiteSpec quick_length(std::vector<SuiteTest> tests);

// About what a test takes for one size, with everything between its trials. How many trials a
// search needs only the device knows.
[[nodiscard]] Nanoseconds expected_time(SuiteTest test, const SuiteSpec& spec,
                                        const SuiteSize& size);

// Does the test run for sizes[index]? A reset is measured for the smallest one alone (RFC 2544
// section 26.6).
[[nodiscard]] bool runs_for(SuiteTest test, const std::vector<SuiteSize>& sizes, std::size_t index);

// Where durations or repetitions are less than the RFCs ask for: a sentence each.
[[nodiscard]] std::vector<std::string> shortened(const SuiteSpec& spec,
                                                 const std::vector<SuiteSize>& sizes);

}  // namespace wireproof
