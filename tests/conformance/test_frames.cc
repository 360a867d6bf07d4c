#include "conformance/test_frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/random.h"

namespace wireproof {
namespace {

constexpr std::uint16_t kTestPort = 7017;
constexpr std::size_t kNumberBytes = 8;

void put16(std::vector<std::uint8_t>& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// RFC 1071 over the 20 bytes of an IPv4 header whose checksum field is zero.
void put_ip_checksum(std::vector<std::uint8_t>& bytes, std::size_t ip) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 20; i += 2) {
    sum += static_cast<std::uint32_t>(bytes[ip + i] << 8 | bytes[ip + i + 1]);
  }
  sum = (sum & 0xffff) + (sum >> 16);
  put16(bytes, ip + 10, ~((sum & 0xffff) + (sum >> 16)) & 0xffff);
}

IpAddress test_address() {
  return *parse_ip("198.18.3.4");
}

}  // namespace

std::vector<std::uint8_t> build_udp_frame(const UdpFrameSpec& spec) {
  std::vector<std::uint8_t> bytes(100);
  std::copy(spec.to.bytes.begin(), spec.to.bytes.end(), bytes.begin());
  std::copy(spec.from.bytes.begin(), spec.from.bytes.end(), bytes.begin() + 6);
  std::size_t ip = 14;
  if (spec.vlan) {
    put16(bytes, 12, 0x8100);
    put16(bytes, 14, 7);
    ip = 18;
  }
  const std::size_t header = spec.destination.v6 ? 40 : 20;
  put16(bytes, ip - 2, spec.destination.v6 ? 0x86dd : 0x0800);
  bytes[ip] = spec.destination.v6 ? 0x60 : 0x45;
  if (spec.destination.v6) {
    put16(bytes, ip + 4, bytes.size() - ip - header);
    bytes[ip + 6] = spec.protocol;
    bytes[ip + 7] = 64;
    bytes[ip + 8] = 0x20;  // from 2001:...
    bytes[ip + 9] = 0x01;
    std::copy_n(spec.destination.bytes.begin(), 16, bytes.begin() + static_cast<long>(ip) + 24);
  } else {
    put16(bytes, ip + 2, bytes.size() - ip);
    bytes[ip + 8] = 64;
    bytes[ip + 9] = spec.protocol;
    bytes[ip + 12] = 198;
    bytes[ip + 13] = 19;
    bytes[ip + 15] = 1;
    std::copy_n(spec.destination.bytes.begin(), 4, bytes.begin() + static_cast<long>(ip) + 16);
    put_ip_checksum(bytes, ip);
  }
  put16(bytes, ip + header, 40000);
  put16(bytes, ip + header + 2, spec.l4_port);
  put16(bytes, ip + header + 4, bytes.size() - ip - header);
  return bytes;
}

Steering TestFrames::steering() {
  return {.destinations = {{*parse_ip("198.18.0.0"), 16}, {*parse_ip("2001:db8:5::"), 48}},
          .l4_port = kTestPort};
}

TestFrames::TestFrames(const DeviceFacts& from, const DeviceFacts& to, std::uint8_t flow) {
  if (from.layer == Layer::kUdpPayload) return;
  head_ = build_udp_frame({.from = from.mac, .to = to.mac, .destination = test_address()});
  head_.resize(42);
  head_[35] = flow;
}

std::uint16_t TestFrames::least_length() const {
  return head_.empty() ? 18 : 60;
}
std::uint16_t TestFrames::largest_length() const {
  return head_.empty() ? 1472 : 1514;
}

std::uint8_t TestFrames::flow_of(const Frame& frame) {
  return frame.data[35];
}

std::vector<std::uint8_t> TestFrames::bytes(std::uint64_t number, std::uint16_t length) const {
  std::vector<std::uint8_t> all = head_;
  all.resize(length);
  if (!head_.empty()) {
    put16(all, 16, length - 14u);
    put16(all, 24, 0);
    put_ip_checksum(all, 14);
    put16(all, 38, length - 34u);
  }
  const std::size_t payload = head_.size();
  for (std::size_t i = 0; i < kNumberBytes; ++i) {
    all[payload + i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
  Random random(number);
  for (std::size_t i = payload + kNumberBytes; i < length; ++i) {
    all[i] = static_cast<std::uint8_t>(random.next());
  }
  return all;
}

void TestFrames::write(Frame& frame, std::uint64_t number, std::uint16_t length) const {
  assert(length >= least_length() && length <= frame.capacity);
  const std::vector<std::uint8_t> all = bytes(number, length);
  std::copy(all.begin(), all.end(), frame.data);
  frame.length = length;
}

std::optional<std::uint64_t> TestFrames::read(const Frame& frame, std::string& why) const {
  if (frame.length < least_length()) {
    why = fmt::format("{} bytes are too few", frame.length);
    return std::nullopt;
  }
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < kNumberBytes; ++i) number = number << 8 | frame.data[headers() + i];
  std::vector<std::uint8_t> expected = bytes(number, frame.length);
  if (!head_.empty()) expected[35] = flow_of(frame);  // the flow is not the reader's business
  const auto [got, want] = std::mismatch(frame.data, frame.data + frame.length, expected.begin());
  if (got == frame.data + frame.length) return number;
  why = fmt::format("frame {} of {} bytes: byte {} is {:02x}, written was {:02x}", number,
                    frame.length, got - frame.data, *got, *want);
  return std::nullopt;
}

}  // namespace wireproof
