#include "traffic/generator.h"

#include <algorithm>

namespace wireproof {

Generator::Generator(const FlowOrderSpec& flows, std::vector<FrameTemplate> templates,
                     std::vector<std::uint16_t> size_order, std::uint32_t space_bits)
    : order_(flows),
      templates_(std::move(templates)),
      longest_(static_cast<std::size_t>(
          std::max_element(templates_.begin(), templates_.end(),
                           [](const FrameTemplate& a, const FrameTemplate& b) {
                             return a.buffer_len() < b.buffer_len();
                           }) -
          templates_.begin())),
      size_order_(std::move(size_order)),
      space_bits_(space_bits),
      burst_bits_(space_bits) {}

Result<Generator> Generator::make(const FlowOrderSpec& flows, const HeaderSpec& headers,
                                  std::span<const std::uint32_t> sizes, bool payload_only,
                                  std::uint32_t space_bits) {
  std::vector<std::uint32_t> distinct;
  std::vector<std::uint16_t> order;
  std::vector<FrameTemplate> templates;
  for (const std::uint32_t size : sizes) {
    const auto at = std::find(distinct.begin(), distinct.end(), size);
    order.push_back(static_cast<std::uint16_t>(at - distinct.begin()));
    if (at != distinct.end()) continue;
    Result<FrameTemplate> made = FrameTemplate::make(headers, size, payload_only);
    if (!made) return tl::unexpected(made.error());
    templates.push_back(std::move(*made));
    distinct.push_back(size);
  }
  return Generator(flows, std::move(templates), std::move(order), space_bits);
}

void Generator::start(std::uint16_t trial_id, Nanoseconds epoch) {
  trial_id_ = trial_id;
  epoch_ = epoch;
  place_ = {};
  mark_ = {};
}

std::uint16_t Generator::buffer_len_max() const {
  return templates_[longest_].buffer_len();
}

// A frame that last held something else. Apart, because recycled frames rarely come here, unless
// sizes are mixed: then they last held another size of ours, which differs in its headers.
[[gnu::noinline]] void Generator::adopt(Frame& frame, const FrameTemplate& made) const {
  const bool ours = std::any_of(templates_.begin(), templates_.end(), [&](const FrameTemplate& t) {
    return t.id() == frame.template_id;
  });
  if (!ours) templates_[longest_].write(frame.data);
  made.write_headers(frame.data);
  frame.length = made.buffer_len();
  frame.template_id = made.id();
}

// Bytes of a frame may alias anything: whatever the loop needs is a local value.
template <bool kMixedSizes>
void Generator::fill_frames(std::span<Frame* const> frames, std::uint64_t time,
                            const std::uint16_t* lateness_codes) {
  const FlowOrder order = order_;
  const std::uint32_t space_bits = burst_bits_;
  const std::uint16_t trial_id = trial_id_;
  const FrameTemplate* templates = templates_.data();
  FramePatch patch = templates->patch();
  Place place = place_;
  SharedFields shared(trial_id, place.flow.cycle, time);
  for (Frame* frame : frames) {
    const FrameTemplate* made = templates;
    if constexpr (kMixedSizes) {
      made += size_order_[place.size_index];
      patch = made->patch();
      if (++place.size_index == size_order_.size()) place.size_index = 0;
    }
    if (frame->template_id != patch.id()) [[unlikely]] {
      adopt(*frame, *made);
    }
    patch.apply(frame->data, shared, order.flow(place.flow), space_bits | order.group(place.flow),
                *lateness_codes++);
    if (order.advance(place.flow)) shared = SharedFields(trial_id, place.flow.cycle, time);
  }
  place_ = place;
}

void Generator::fill(std::span<Frame* const> frames, Nanoseconds now,
                     const std::uint16_t* lateness_codes) {
  const auto time = static_cast<std::uint64_t>(now - epoch_);
  if (size_order_.size() == 1) {
    fill_frames<false>(frames, time, lateness_codes);
  } else {
    fill_frames<true>(frames, time, lateness_codes);
  }
}

}  // namespace wireproof
