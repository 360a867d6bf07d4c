#include "traffic/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "base/random.h"

namespace wireproof {
namespace {

HeaderSpec headers() {
  HeaderSpec spec;
  spec.src_ip = *parse_ip("198.18.0.1");
  spec.dst_ip = *parse_ip("198.19.0.1");
  return spec;
}

// Buffers of other streams, of other sizes, in any order: each frame is as if it had been written
// anew.
TEST(Generator, ARecycledFrameOfAnotherSizeIsWhole) {
  constexpr std::array<std::uint32_t, 3> kSizes{64, 570, 1518};
  constexpr std::array<std::size_t, 5> kOrder{0, 2, 1, 0, 1};
  for (const bool sockets : {false, true}) {
    std::vector<FrameTemplate> templates;
    for (const std::uint32_t size : kSizes) {
      templates.push_back(*FrameTemplate::make(headers(), size, sockets));
    }
    const std::vector<FrameTemplate> fresh = templates;
    Generator generator({.flows = 7, .groups = 7, .group_count = 7}, templates, {0, 2, 1, 0, 1},
                        false);
    generator.start(5, 0);
    Random random(3);
    std::array<std::array<std::uint8_t, 1600>, 8> bytes;
    std::array<Frame, 8> frames;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      bytes[i].fill(static_cast<std::uint8_t>(random.next()));
      frames[i] = {.data = bytes[i].data(), .template_id = i % 2 == 0 ? 0u : 0xffff'fff0u};
    }
    for (int round = 0; round < 500; ++round) {
      Frame* frame = &frames[random.below(frames.size())];
      generator.fill({&frame, 1}, 1000 + round);
      const auto made = std::find_if(fresh.begin(), fresh.end(), [&](const FrameTemplate& one) {
        return one.id() == frame->template_id;
      });
      ASSERT_NE(made, fresh.end());
      ASSERT_EQ(made->id(), fresh[kOrder[static_cast<std::size_t>(round) % kOrder.size()]].id());
      ASSERT_EQ(frame->length, made->buffer_len());
      std::array<std::uint8_t, 1600> expected;
      made->write(expected.data());
      const std::size_t at = sockets ? 0 : headers_length(false, false);
      const Signature signature = load_signature(frame->data + at);
      made->patch().apply(expected.data(), {5, signature.sequence, signature.transmit_time},
                          signature.space, signature.space);
      ASSERT_TRUE(std::equal(frame->data, frame->data + frame->length, expected.begin()))
          << frame->length << " bytes";
    }
  }
}

}  // namespace
}  // namespace wireproof
