// What needs no interface: slots as the kernel (or a bug in it) fills them, stamps, the pool.
#include <gtest/gtest.h>
#include <linux/if_packet.h>

#include <cstring>
#include <vector>

#include "af_packet/rx_ring.h"

namespace wireproof::af_packet {
namespace {

constexpr std::size_t kSlotBytes = 256;
constexpr std::uint16_t kMac = 66;

std::vector<std::uint8_t> slot_with(const tpacket2_hdr& header) {
  std::vector<std::uint8_t> slot(kSlotBytes);
  std::memcpy(slot.data(), &header, sizeof header);
  for (std::size_t i = kMac; i < kSlotBytes; ++i) slot[i] = static_cast<std::uint8_t>(i - kMac);
  return slot;
}

TEST(AfPacketSlot, LengthsAreHeldToWhatIsThere) {
  tpacket2_hdr header{};
  header.tp_mac = kMac;
  header.tp_len = 60;
  header.tp_snaplen = 60;
  EXPECT_EQ(view_slot(slot_with(header).data(), kSlotBytes).bytes.size(), 60u);
  header.tp_len = 65'549;  // a frame merged by GRO: longer than what was captured of it
  EXPECT_EQ(view_slot(slot_with(header).data(), kSlotBytes).bytes.size(), 60u);
  header.tp_len = 40;
  EXPECT_EQ(view_slot(slot_with(header).data(), kSlotBytes).bytes.size(), 40u);
  header.tp_len = header.tp_snaplen = 0xffffffff;
  EXPECT_EQ(view_slot(slot_with(header).data(), kSlotBytes).bytes.size(), kSlotBytes - kMac);
  header.tp_mac = 0xffff;
  EXPECT_EQ(view_slot(slot_with(header).data(), kSlotBytes).bytes.size(), 0u);
}

TEST(AfPacketSlot, TagGoesBackBehindTheMacs) {
  tpacket2_hdr header{};
  header.tp_mac = kMac;
  header.tp_len = header.tp_snaplen = 60;
  header.tp_status = TP_STATUS_USER | TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID;
  header.tp_vlan_tci = 0x6123;
  header.tp_vlan_tpid = 0x8100;
  const auto slot = slot_with(header);
  std::vector<std::uint8_t> out(128);
  ASSERT_EQ(copy_out(view_slot(slot.data(), kSlotBytes), out), 64u);
  EXPECT_EQ(out[11], 11);
  EXPECT_EQ(std::vector<std::uint8_t>(out.begin() + 12, out.begin() + 17),
            (std::vector<std::uint8_t>{0x81, 0x00, 0x61, 0x23, 12}));
  EXPECT_EQ(out[63], 59);
  // Never past the end of a small buffer, also when the tag no longer fits.
  for (const std::size_t room : {0u, 11u, 15u, 16u, 63u}) {
    std::vector<std::uint8_t> small(room);
    EXPECT_EQ(copy_out(view_slot(slot.data(), kSlotBytes), small), room);
  }
  // A frame too short to have a place for it.
  header.tp_len = 11;
  EXPECT_EQ(copy_out(view_slot(slot_with(header).data(), kSlotBytes), out), 11u);
}

}  // namespace
}  // namespace wireproof::af_packet
