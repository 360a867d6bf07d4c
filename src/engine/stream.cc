#include "engine/stream.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/header_choice.h"
#include "traffic/flow_order.h"

namespace wireproof {
namespace {

Status check_flows(const StreamEnds& ends, std::uint32_t flows) {
  if (flows < ends.tx_queues) {
    return fail(ErrorKind::kUsage,
                fmt::format("{} queues need at least as many flows, not {}", ends.tx_queues, flows),
                fmt::format("use --flows {} or more", ends.tx_queues));
  }
  if (ends.to != nullptr && ends.rx_queues > 1 && flows > kSequenceSpacesSpread) {
    return fail(ErrorKind::kUsage,
                fmt::format("--flows {} --queues {}: above {} flows some share their sequence "
                            "numbers, and several receive queues would divide them",
                            flows, ends.rx_queues, kSequenceSpacesSpread),
                fmt::format("use --flows {} or fewer, or --queues 1", kSequenceSpacesSpread));
  }
  return {};
}

}  // namespace

Result<Stream> plan_stream(const StreamEnds& ends, const TrafficProfile& profile, bool reverse) {
  const Result<HeaderSpec> headers = choose_headers(ends, profile, reverse);
  if (!headers) return tl::unexpected(headers.error());
  if (const Status ok = check_flows(ends, profile.flows); !ok) return tl::unexpected(ok.error());
  const bool spread = ends.to != nullptr && ends.to->rx_spread > 1;
  return Stream{
      .profile = profile,
      .reverse = reverse,
      .headers = *headers,
      .told = sent_headers(*headers, ends, profile, reverse),
      .spaces = std::min(profile.flows, spread ? kSequenceSpacesSpread : kSequenceSpacesMax)};
}

}  // namespace wireproof
