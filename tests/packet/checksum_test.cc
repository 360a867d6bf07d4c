#include "packet/checksum.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "support/slow_sum.h"

namespace wireproof {
namespace {

bool memory_sum_is_all_ones(const std::vector<std::uint8_t>& bytes) {
  MemorySum sum;
  sum.add_bytes(bytes.data(), bytes.size());
  return sum.all_ones();
}

TEST(MemorySum, AgreesWithTheSlowSumAtEveryLength) {
  Random random(7);
  for (std::size_t length = 8; length <= 1600; ++length) {
    std::vector<std::uint8_t> bytes(length);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    bytes[2] = bytes[3] = 0;
    store_be16(bytes.data() + 2, static_cast<std::uint16_t>(~slow_sum(bytes)));
    ASSERT_EQ(slow_sum(bytes), 0xffff);
    EXPECT_TRUE(memory_sum_is_all_ones(bytes)) << length;
    ChecksumSum network;
    add_bytes(network, bytes.data(), bytes.size());
    EXPECT_EQ(network.folded(), 0xffff) << length;
    const std::size_t bit = random.next() % (8 * length);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(memory_sum_is_all_ones(bytes)) << length << ", bit " << bit;
  }
}

TEST(MemorySum, CarriesOfFullWordsAreKept) {
  for (std::size_t length = 8; length <= 600; ++length) {
    // All ones add up to all ones as long as the last byte is not padded with a zero.
    EXPECT_EQ(memory_sum_is_all_ones(std::vector<std::uint8_t>(length, 0xff)), length % 2 == 0);
    EXPECT_FALSE(memory_sum_is_all_ones(std::vector<std::uint8_t>(length, 0)));
  }
}

}  // namespace
}  // namespace wireproof
