// The goals that published searches have: RFC 2544, ETSI GS NFV-TST 009 and CSIT, as RFC 9971
// writes them, on 64-byte frames of 10 Gbit/s.
#pragma once

#include <vector>

#include "trial/search.h"

namespace wireproof::goals {

inline SearchSpec goal(const char* name, Nanoseconds final, Nanoseconds sum, double loss,
                       double exceed) {
  return {.goal = {name, loss, exceed},
          .min_fps = 9001,
          .max_fps = 14'880'952,
          .trial_duration = kSecond,
          .final_duration = final,
          .duration_sum = sum};
}

inline std::vector<SearchSpec> rfc2544() {
  return {goal("rfc2544", 60 * kSecond, 60 * kSecond, 0, 0)};
}
inline std::vector<SearchSpec> tst009() {
  return {goal("tst009", 60 * kSecond, 120 * kSecond, 0, 0.5)};
}
inline std::vector<SearchSpec> csit() {
  return {goal("csit-ndr", kSecond, 21 * kSecond, 0, 0.5),
          goal("csit-pdr", kSecond, 21 * kSecond, 0.005, 0.5)};
}

}  // namespace wireproof::goals
