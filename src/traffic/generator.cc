#include "traffic/generator.h"

#include <algorithm>

namespace wireproof {

Generator::Generator(const FlowOrderSpec& flows, std::vector<FrameTemplate> templates,
                     std::vector<std::uint16_t> size_order, bool reverse)
    : order_(flows),
      templates_(std::move(templates)),
      size_order_(std::move(size_order)),
      direction_(reverse ? kDirectionBit : 0) {}

void Generator::start(std::uint16_t trial_id, Nanoseconds epoch) {
  trial_id_ = trial_id;
  epoch_ = epoch;
  place_ = {};
  mark_ = {};
}

std::uint16_t Generator::buffer_len_max() const {
  std::uint16_t longest = 0;
  for (const FrameTemplate& made : templates_) longest = std::max(longest, made.buffer_len());
  return longest;
}

void Generator::adopt(Frame& frame, const FrameTemplate& made) {
  made.write(frame.data);
  frame.length = made.buffer_len();
  frame.template_id = made.id();
}

}  // namespace wireproof
