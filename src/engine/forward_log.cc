#include "engine/forward_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace wireproof {
namespace {

std::string_view fate_name(const ForwardRecord& record, std::uint64_t stopped_after) {
  switch (record.fate) {
    case LogFate::kDropped:
      return "dropped";
    case LogFate::kQueueFull:
      return "queue_full";
    case LogFate::kPoolFull:
      return "pool_full";
    case LogFate::kOversize:
      return "oversize";
    case LogFate::kForwarded:
      break;
  }
  if (record.departure == 0) return "unsent";
  return record.departure > stopped_after ? "drained" : "forwarded";
}

// Times count from `origin`.
void append(fmt::memory_buffer& text, const ForwardRecord& record, std::uint64_t stopped_after,
            Nanoseconds origin) {
  const auto out = fmt::appender(text);
  fmt::format_to(out, "{},{},{},{:d},{:d},{:d},", record.b_to_a ? "b-to-a" : "a-to-b",
                 record.arrival, fate_name(record, stopped_after), record.damaged, record.copy,
                 record.held);
  if (record.departure != 0) fmt::format_to(out, "{}", record.departure);
  text.push_back(',');
  constexpr std::string_view kHex = "0123456789abcdef";
  for (std::size_t i = 0; i < record.payload_length; ++i) {
    text.push_back(kHex[record.payload[i] >> 4]);
    text.push_back(kHex[record.payload[i] & 15]);
  }
  fmt::format_to(out, ",{},", record.arrived_at - origin);
  if (record.departure != 0) fmt::format_to(out, "{}", record.departed_at - origin);
  text.push_back('\n');
}

Status write_all(const fmt::memory_buffer& text, std::FILE* file, const std::string& name) {
  if (std::fwrite(text.data(), 1, text.size(), file) == text.size()) return {};
  return fail(ErrorKind::kOutput,
              fmt::format("the log {} could not be written: {}", name, std::strerror(errno)), {},
              errno);
}

}  // namespace

Status ForwardLog::write_csv(std::FILE* file, const std::string& name) const {
  constexpr std::size_t kChunk = 1 << 16;
  fmt::memory_buffer text;
  fmt::format_to(
      fmt::appender(text),
      "direction,arrival,fate,damaged,copy,held,departure,payload,arrived_ns,departed_ns\n");
  const Nanoseconds origin = records().empty() ? 0 : records().front().arrived_at;
  for (const ForwardRecord& record : records()) {
    append(text, record, stopped_after_[record.b_to_a ? 1 : 0], origin);
    if (text.size() < kChunk) continue;
    if (Status written = write_all(text, file, name); !written) return written;
    text.clear();
  }
  if (Status written = write_all(text, file, name); !written) return written;
  if (std::fflush(file) == 0) return {};
  return fail(ErrorKind::kOutput,
              fmt::format("the log {} could not be written: {}", name, std::strerror(errno)), {},
              errno);
}

}  // namespace wireproof
