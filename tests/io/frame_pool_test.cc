#include "io/frame_pool.h"

#include <gtest/gtest.h>

#include <cstring>

namespace wireproof {
namespace {

TEST(FramePool, LendsEachBufferOnce) {
  FramePool pool(3, 100);
  std::vector<Frame*> lent;
  while (Frame* frame = pool.take()) lent.push_back(frame);
  ASSERT_EQ(lent.size(), 3u);
  for (Frame* frame : lent) std::memset(frame->data, static_cast<int>(frame->slot), 100);
  for (Frame* frame : lent) {
    EXPECT_EQ(frame->capacity, 100);
    EXPECT_EQ(frame->data[0], frame->slot);
    EXPECT_EQ(frame->data[99], frame->slot);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(frame->data) % 64, 0u);
  }
  pool.put(std::span<Frame* const>(lent).subspan(1, 1));
  EXPECT_EQ(pool.take(), lent[1]);
}

}  // namespace
}  // namespace wireproof
