#include "engine/forward_log.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace wireproof {
namespace {

TEST(ForwardLog, WritesTheDocumentedColumns) {
  ForwardLog log(5);
  ForwardRecord record{.arrived_at = 1000, .arrival = 1, .payload_length = 3, .held = true};
  record.payload = {0x57, 0x00, 0xff};
  const std::uint32_t first = log.add(record);
  record.copy = record.damaged = true;
  log.add(record);
  ForwardRecord refused{.arrived_at = 1005, .arrival = 2, .b_to_a = true};
  refused.fate = LogFate::kQueueFull;
  log.add(refused);
  log.departed(first, 9, 1700);
  log.departed(ForwardLog::kNone, 10, 1701);
  log.departed(log.add(ForwardRecord{.arrived_at = 1010, .arrival = 3}), 10, 1800);
  log.departed(log.add(ForwardRecord{.arrived_at = 1011, .arrival = 3, .b_to_a = true}), 10, 1801);
  log.stopped(false, 9);

  char* text = nullptr;
  std::size_t length = 0;
  std::FILE* file = open_memstream(&text, &length);
  ASSERT_TRUE(log.write_csv(file, "memory").has_value());
  std::fclose(file);
  const std::unique_ptr<char, decltype(&std::free)> owned(text, &std::free);
  EXPECT_EQ(std::string(text),
            "direction,arrival,fate,damaged,copy,held,departure,payload,arrived_ns,departed_ns\n"
            "a-to-b,1,forwarded,0,0,1,9,5700ff,0,700\n"
            "a-to-b,1,unsent,1,1,1,,5700ff,0,\n"
            "b-to-a,2,queue_full,0,0,0,,,5,\n"
            "a-to-b,3,drained,0,0,0,10,,10,800\n"
            "b-to-a,3,forwarded,0,0,0,10,,11,801\n");
}

TEST(ForwardLog, SaysThatTheDiskIsFull) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  const Status written = ForwardLog(1).write_csv(full, "/dev/full");
  std::fclose(full);
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind, ErrorKind::kOutput);
  EXPECT_NE(written.error().message.find("No space left"), std::string::npos);
}

}  // namespace
}  // namespace wireproof
