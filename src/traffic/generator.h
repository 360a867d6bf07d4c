// Fills borrowed frames with the next frames of one worker's traffic.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "io/frame.h"
#include "packet/frame_template.h"
#include "traffic/flow_order.h"

namespace wireproof {

class Generator {
 public:
  // `templates`: of the same headers, one for each distinct size; `size_order`: indices into it in
  // the order of emission; `space_bits`: what all of its sequence spaces have in common.
  Generator(const FlowOrderSpec& flows, std::vector<FrameTemplate> templates,
            std::vector<std::uint16_t> size_order, std::uint32_t space_bits);
  // Frames of these sizes (bytes with FCS, one or more), in that order, over and over.
  // `payload_only`: the kernel writes the headers. Fails as FrameTemplate::make does.
  [[nodiscard]] static Result<Generator> make(const FlowOrderSpec& flows, const HeaderSpec& headers,
                                              std::span<const std::uint32_t> sizes,
                                              bool payload_only, std::uint32_t space_bits);

  // Begins a run of numbers from 0. Transmit times count from `epoch`.
  void start(std::uint16_t trial_id, Nanoseconds epoch);

  // Begins a burst: rewind_to() counts from here. `catch_up`: its frames bear kCatchUpBit.
  void begin_burst(bool catch_up = false) {
    mark_ = place_;
    burst_bits_ = space_bits_ | (catch_up ? kCatchUpBit : 0);
  }
  // Makes the frames the next ones in order, all with the transmit time `now`; `lateness_codes`: of
  // each, as encode_lateness tells it.
  void fill(std::span<Frame* const> frames, Nanoseconds now, const std::uint16_t* lateness_codes);
  // The same where no schedule wanted them earlier; at most kUnscheduledMax.
  void fill(std::span<Frame* const> frames, Nanoseconds now) {
    fill(frames, now, kNoLateness.data());
  }
  static constexpr std::size_t kUnscheduledMax = 1024;

  // Only the first `accepted` frames of the burst were sent; the numbers of the others are used
  // again.
  void rewind_to(std::size_t accepted) {
    place_ = mark_;
    for (std::size_t i = 0; i < accepted; ++i) advance();
  }

  // The longest frame it makes, without FCS.
  [[nodiscard]] std::uint16_t buffer_len_max() const;
  [[nodiscard]] std::vector<std::uint64_t> sent_per_group() const {
    return order_.sent_per_group(place_.flow);
  }
  [[nodiscard]] std::uint64_t distinct_flows() const { return order_.distinct_flows(place_.flow); }

 private:
  struct Place {
    FlowOrder::Cursor flow;
    std::uint32_t size_index = 0;
  };

  void advance() {
    order_.advance(place_.flow);
    if (++place_.size_index == size_order_.size()) place_.size_index = 0;
  }
  void adopt(Frame& frame, const FrameTemplate& made) const;
  template <bool kMixedSizes>
  void fill_frames(std::span<Frame* const> frames, std::uint64_t time,
                   const std::uint16_t* lateness_codes);

  static constexpr std::array<std::uint16_t, kUnscheduledMax> kNoLateness{};

  FlowOrder order_;
  std::vector<FrameTemplate> templates_;
  std::size_t longest_;  // index into templates_
  std::vector<std::uint16_t> size_order_;
  std::uint32_t space_bits_;
  std::uint32_t burst_bits_;  // of the burst: the same, and kCatchUpBit
  std::uint16_t trial_id_ = 0;
  Nanoseconds epoch_ = 0;
  Place place_;
  Place mark_;
};

}  // namespace wireproof
