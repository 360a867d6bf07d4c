#include "engine/frame_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/units.h"
#include "engine/header_choice.h"
#include "io/frame_pool.h"
#include "traffic/generator.h"
#include "traffic/profile.h"

namespace wireproof {
namespace {

constexpr std::uint16_t kTrialId = 1;
static_assert(kCostBlockFrames % Analyzer::kBurstMax == 0, "whole bursts alone");

// Ns a frame of the stretch below which that part of them lies; reorders.
double ns_at(std::vector<Nanoseconds>& stretches, double part) {
  const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(stretches.size()));
  std::nth_element(stretches.begin(), stretches.begin() + at, stretches.end());
  return static_cast<double>(stretches[static_cast<std::size_t>(at)]) / kCostBlockFrames;
}

// Runs `burst_of` over the block burst by burst; returns how long it took. As in the loops of a
// trial, each burst has its own reading of the clock.
template <typename BurstOf>
Nanoseconds timed(std::span<Frame* const> block, const Clock& clock, const BurstOf& burst_of) {
  const Nanoseconds begin = clock.now();
  for (std::size_t at = 0; at < block.size(); at += Analyzer::kBurstMax) {
    burst_of(block.subspan(at, Analyzer::kBurstMax), clock.now());
  }
  return clock.now() - begin;
}

}  // namespace

Result<FrameCost> measure_frame_cost(const FrameCostSpec& spec, const Clock& clock) {
  const TrafficProfile profile{.sizes = spec.sizes, .flows = spec.flows};
  Result<HeaderSpec> headers = header_spec(profile, false);
  if (!headers) return tl::unexpected(headers.error());
  headers->src_mac = MacAddress{{2, 0, 0, 0, 0, 1}};
  headers->dst_mac = MacAddress{{2, 0, 0, 0, 0, 2}};
  const std::uint32_t spaces = std::min(spec.flows, kSequenceSpacesMax);
  Result<Generator> generator =
      Generator::make({.flows = profile.flows, .groups = spaces, .group_count = spaces}, *headers,
                      profile.sizes, false, 0);
  if (!generator) return tl::unexpected(generator.error());
  // Nothing is late, however long another program takes the core between sending and receiving.
  Analyzer analyzer({.match = match_for(profile, *headers, false),
                     .spaces = spaces,
                     .delay_every = spec.counters_alone ? 0u : 1u});
  FramePool pool(kCostBlockFrames, generator->buffer_len_max());
  std::array<Frame*, kCostBlockFrames> block;
  pool.take(block);

  std::vector<Nanoseconds> sending, receiving;
  sending.reserve(spec.blocks);
  receiving.reserve(spec.blocks);
  // Frames as a schedule sends them, each some hundred ns late.
  std::array<std::uint16_t, Analyzer::kBurstMax> lateness_codes;
  for (std::size_t i = 0; i < lateness_codes.size(); ++i)
    lateness_codes[i] = encode_lateness(static_cast<Nanoseconds>(16 * i));
  const Nanoseconds epoch = clock.now();
  generator->start(kTrialId, epoch);
  analyzer.start({.trial_id = kTrialId, .epoch = epoch, .scheduled = true});
  for (std::size_t i = 0; i < spec.blocks; ++i) {
    sending.push_back(timed(block, clock, [&](std::span<Frame* const> burst, Nanoseconds now) {
      generator->fill(burst, now, lateness_codes.data());
    }));
    receiving.push_back(timed(block, clock, [&](std::span<Frame* const> burst, Nanoseconds now) {
      analyzer.take(burst, now);
    }));
  }

  constexpr double kFastest = 0.1;
  FrameCost cost{.tx_ns = ns_at(sending, kFastest),
                 .rx_ns = ns_at(receiving, kFastest),
                 .tx_ns_median = ns_at(sending, 0.5),
                 .rx_ns_median = ns_at(receiving, 0.5),
                 .sent = spec.blocks * kCostBlockFrames,
                 .received = analyzer.counts()};
  if (cost.received.unique != cost.sent || cost.received.reordered != 0) {
    return fail(ErrorKind::kInvalid,
                fmt::format("of {} frames made in memory {} were counted unique and {} reordered",
                            cost.sent, cost.received.unique, cost.received.reordered),
                "this is a fault of the program: please report it");
  }
  return cost;
}

}  // namespace wireproof
