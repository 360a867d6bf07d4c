#include "fuzz/made_frames.h"

#include <algorithm>
#include <limits>

#include "fuzz/plain_reader.h"

namespace wireproof::fuzz {
namespace {

constexpr std::size_t kFramesMax = 200;

void append(std::vector<std::uint8_t>& to, const std::vector<std::uint8_t>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void append_number(std::vector<std::uint8_t>& to, std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// What can be wrong with a frame that is made here; a bit each.
enum Wish : unsigned {
  kRaw = 1,          // nothing but bytes
  kTagged = 2,       // under a VLAN tag
  kPolled = 4,       // without a stamp
  kFarSequence = 8,  // a number of 40 bits, else of 8
  kFarTime = 16,     // the same for its time
  kHarmed = 32,      // some bytes exchanged
  kRepaired = 64,    // and its checksum made good again
  kReaddressed = 128,
};

std::vector<std::uint8_t> make_signature(Input& input, unsigned wishes) {
  const std::uint8_t choice = input.byte();
  std::uint64_t space = choice % 4;  // one of them does not exist
  if ((choice & 4) != 0) space |= 1u << 23;
  if ((choice & 8) != 0) space |= 1u << 22;
  if ((choice & 16) != 0) space |= 1u << 16;
  std::vector<std::uint8_t> made;
  append_number(made, (choice & 32) != 0 ? 0x5751 : 0x5750, 2);
  append_number(made, kTrial + (choice >> 6 == 3 ? 1 : 0), 2);
  append_number(made, space, 3);
  append_number(made, input.number((wishes & kFarSequence) != 0 ? 5 : 1), 5);
  const std::uint64_t time = input.number((wishes & kFarTime) != 0 ? 5 : 2);
  const std::uint64_t lateness = input.byte() * 16u;
  append_number(made, time % (std::uint64_t{1} << 36) << 12 | lateness, 6);
  made.resize(made.size() + input.byte() % 128u, 0);
  return made;
}

// The checksum of the datagram that begins at `udp`, over what the frame has of it.
void repair(std::vector<std::uint8_t>& frame, std::size_t udp, std::size_t address_length) {
  if (frame.size() < udp + 8) return;
  frame[udp + 6] = frame[udp + 7] = 0;
  std::vector<std::uint8_t> all(frame.begin() + static_cast<std::ptrdiff_t>(udp), frame.end());
  const std::size_t length = all.size();
  if (length % 2 != 0) all.push_back(0);
  const std::size_t addresses = udp - 2 * address_length;
  all.insert(all.end(), frame.begin() + static_cast<std::ptrdiff_t>(addresses),
             frame.begin() + static_cast<std::ptrdiff_t>(udp));
  append_number(all, 17, 2);
  append_number(all, length, 2);
  const std::uint64_t sum = plain_sum(all) ^ 0xffff;
  frame[udp + 6] = static_cast<std::uint8_t>(sum == 0 ? 0xff : sum >> 8);
  frame[udp + 7] = static_cast<std::uint8_t>(sum == 0 ? 0xff : sum & 255);
}

std::vector<std::uint8_t> make_frame(Input& input, const Setting& setting, unsigned wishes) {
  std::vector<std::uint8_t> payload = make_signature(input, wishes);
  const bool ipv6 = setting.ipv6;
  std::vector<std::uint8_t> frame;
  std::size_t udp = 0;
  if (!setting.payload_only) {
    frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
    if ((wishes & kTagged) != 0) append_number(frame, 0x8100'0005, 4);
    append_number(frame, ipv6 ? 0x86dd : 0x0800, 2);
    if (ipv6) {
      append_number(frame, 0x6000'0000, 4);
      append_number(frame, 8 + payload.size(), 2);
      append(frame, {17, 64});
    } else {
      append_number(frame, 0x4500, 2);
      append_number(frame, 28 + payload.size(), 2);
      append(frame, {0, 0, 0x40, 0, 64, 17, 0, 0});
    }
    const std::uint8_t last = (wishes & kReaddressed) != 0 ? 3 : 1;
    append(frame, bytes_of(address_of(ipv6, 2)));
    append(frame, bytes_of(address_of(ipv6, last)));
    udp = frame.size();
    append_number(frame, 49'152, 2);
    append_number(frame, kPort, 2);
    append_number(frame, 8 + payload.size(), 2);
    append(frame, {0, 0});
  }
  append(frame, payload);
  if (udp != 0) repair(frame, udp, ipv6 ? 16 : 4);
  if ((wishes & kHarmed) == 0) return frame;
  for (unsigned harms = 1 + input.byte() % 3u; harms > 0; --harms) {
    const std::size_t place = input.byte() % frame.size();
    frame[place] ^= input.byte();
  }
  if ((wishes & kRepaired) != 0 && udp != 0) repair(frame, udp, ipv6 ? 16 : 4);
  frame.resize(frame.size() - std::min<std::size_t>(frame.size(), input.byte() / 8u));
  return frame;
}

Nanoseconds read_time(Input& input) {
  const auto mantissa = static_cast<Nanoseconds>(input.number(2));
  return mantissa << input.byte() % 24u;  // up to 2^39 ns, 9 minutes
}

Arrival read_arrival(Input& input, const Setting& setting) {
  const unsigned wishes = input.byte();
  std::vector<std::uint8_t> made;
  if ((wishes & kRaw) != 0) {
    const Bytes raw = input.bytes(input.byte());
    made.assign(raw.begin(), raw.end());
  } else {
    made = make_frame(input, setting, wishes);
  }
  Arrival arrival;
  arrival.bytes = std::make_unique<std::uint8_t[]>(made.size());
  std::copy(made.begin(), made.end(), arrival.bytes.get());
  arrival.frame.data = arrival.bytes.get();
  arrival.frame.length = arrival.frame.capacity = static_cast<std::uint16_t>(made.size());
  if ((wishes & kPolled) == 0) arrival.frame.stamp = kEpoch - kSecond + read_time(input);
  return arrival;
}

}  // namespace

IpAddress address_of(bool ipv6, std::uint8_t last) {
  IpAddress ip = ipv6 ? *parse_ip("2001:2:0:1::") : *parse_ip("198.18.0.0");
  ip.bytes[ipv6 ? 15 : 3] = last;
  return ip;
}

std::vector<std::uint8_t> bytes_of(const IpAddress& ip) {
  return {ip.bytes.begin(), ip.bytes.begin() + (ip.v6 ? 16 : 4)};
}

void read_setting(Input& input, Setting& setting) {
  const std::uint8_t choice = input.byte();
  setting.ipv6 = (choice & 1) != 0;
  setting.payload_only = (choice & 2) != 0;
  setting.reverse = (choice & 4) != 0;
  setting.delay_every = choice >> 4 & 3;
  setting.limited = (choice & 64) != 0;
  for (auto& limit : setting.limits) limit = setting.limited ? input.byte() : 0;
}

std::vector<Burst> read_bursts(Input& input, const Setting& setting) {
  std::vector<Burst> bursts;
  std::size_t frames = 0;
  while (!input.empty() && frames < kFramesMax) {
    Burst burst;
    const std::uint8_t size = input.byte();
    burst.now = kEpoch + read_time(input);
    // Most of the time nothing is late.
    burst.late_after =
        (size & 64) != 0 ? kEpoch + read_time(input) : std::numeric_limits<Nanoseconds>::max();
    for (int i = 0; i <= size % 64 && !input.empty(); ++i) {
      burst.arrivals.push_back(read_arrival(input, setting));
      burst.now = std::max(burst.now, burst.arrivals.back().frame.stamp);
    }
    frames += burst.arrivals.size();
    bursts.push_back(std::move(burst));
  }
  return bursts;
}

}  // namespace wireproof::fuzz
