// Datagrams of rtnetlink as no kernel should send them: nothing of them is believed.
#include "io/netlink.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <limits>
#include <vector>

namespace wireproof {
namespace {

using Datagram = std::vector<std::byte>;

void append(Datagram& datagram, std::uint16_t type, std::uint16_t flags, int value) {
  nlmsghdr header{};
  header.nlmsg_len = sizeof header + sizeof value;
  header.nlmsg_type = type;
  header.nlmsg_flags = flags;
  const auto head = std::as_bytes(std::span(&header, 1));
  const auto body = std::as_bytes(std::span(&value, 1));
  datagram.insert(datagram.end(), head.begin(), head.end());
  datagram.insert(datagram.end(), body.begin(), body.end());
}

TEST(Netlink, AnErrorIsAnErrnoOrABrokenMessage) {
  constexpr std::array<std::pair<int, int>, 5> kToldAndTaken = {
      {{0, 0},
       {-ENODEV, ENODEV},
       {5, EBADMSG},
       {-5000, EBADMSG},
       {std::numeric_limits<int>::min(), EBADMSG}}};
  for (const auto& [told, taken] : kToldAndTaken) {
    Datagram datagram;
    append(datagram, NLMSG_ERROR, 0, told);
    const auto last = read_netlink_datagram(datagram, [](const NetlinkAnswer&) { FAIL(); });
    EXPECT_EQ(last.has_value(), taken == 0) << told;
    if (!last) {
      EXPECT_EQ(last.error().errno_value, taken) << told;
    }
  }
}

TEST(Netlink, AnswersEndWhereTheKernelSaysSo) {
  Datagram datagram;
  append(datagram, 16, NLM_F_MULTI, 1);
  append(datagram, 16, NLM_F_MULTI, 2);
  std::vector<int> seen;
  const auto take = [&](const NetlinkAnswer& answer) {
    seen.push_back(attribute_as<int>(answer.payload));
  };
  EXPECT_FALSE(*read_netlink_datagram(datagram, take)) << "more is to come";
  append(datagram, NLMSG_DONE, NLM_F_MULTI, 0);
  append(datagram, 16, NLM_F_MULTI, 3);
  EXPECT_TRUE(*read_netlink_datagram(datagram, take));
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 1, 2}));
  datagram.resize(datagram.size() - 1);  // what is cut short is not looked at
  EXPECT_TRUE(*read_netlink_datagram(datagram, take));
  EXPECT_FALSE(*read_netlink_datagram(std::span(datagram).first(19), take));
}

}  // namespace
}  // namespace wireproof
