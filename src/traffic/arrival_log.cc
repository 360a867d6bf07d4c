#include "traffic/arrival_log.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace wireproof {
namespace {

std::string_view word(std::uint64_t found) {
  switch (static_cast<Arrived>(found)) {
    case Arrived::kInOrder:
      return "in_order";
    case Arrived::kReordered:
      return "reordered";
    case Arrived::kDuplicate:
      return "duplicate";
    case Arrived::kUnclassified:
      break;
  }
  return "unclassified";
}

Status write_text(const fmt::memory_buffer& text, std::FILE* file, const std::string& name) {
  if (std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0) {
    return {};
  }
  return fail(ErrorKind::kOutput,
              fmt::format("the frame log {} could not be written: {}", name, std::strerror(errno)),
              "free some space or name another file", errno);
}

}  // namespace

Status write_arrivals_head(std::FILE* file, const std::string& name) {
  fmt::memory_buffer text;
  fmt::format_to(fmt::appender(text),
                 "trial,direction,queue,space,sequence,scheduled_ns,sent_ns,arrived_ns,class\n");
  return write_text(text, file, name);
}

Status write_arrivals(const ArrivalLog& log, std::uint64_t trial, bool reverse, unsigned queue,
                      std::FILE* file, const std::string& name) {
  constexpr std::size_t kChunk = 1 << 16;
  fmt::memory_buffer text;
  for (const ArrivalRecord& one : log.records()) {
    fmt::format_to(fmt::appender(text), "{},{},{},{},{},{},{},{},{}\n", trial,
                   reverse ? "reverse" : "forward", queue, std::uint64_t{one.space},
                   std::uint64_t{one.sequence}, one.scheduled, one.sent, one.arrived,
                   word(one.found));
    if (text.size() < kChunk) continue;
    if (Status written = write_text(text, file, name); !written) return written;
    text.clear();
  }
  return write_text(text, file, name);
}

}  // namespace wireproof
