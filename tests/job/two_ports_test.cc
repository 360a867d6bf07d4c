#include "job/two_ports.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace wireproof {
namespace {

struct Endings {
  std::atomic<int> begun{0};
  std::atomic<int> met{0};  // that saw the other begin while they had not ended
  std::thread::id threads[2];
};

// Its end waits for its peer's to begin, for so long that a busy host lets it.
class LingeringPort final : public Device {
 public:
  LingeringPort(Endings& endings, bool ends_apart, std::chrono::milliseconds patience)
      : endings_(endings), patience_(patience) {
    facts_.ends_apart = ends_apart;
  }
  ~LingeringPort() override {
    endings_.threads[endings_.begun.fetch_add(1)] = std::this_thread::get_id();
    const auto last = std::chrono::steady_clock::now() + patience_;
    while (endings_.begun < 2 && std::chrono::steady_clock::now() < last) std::this_thread::yield();
    if (endings_.begun == 2) ++endings_.met;
  }
  LingeringPort(const LingeringPort&) = delete;
  LingeringPort& operator=(const LingeringPort&) = delete;

  const DeviceFacts& facts() const override { return facts_; }
  Result<DeviceCounters> counters() override { return DeviceCounters{}; }
  Status connect(const DeviceFacts&) override { return {}; }
  Result<MacAddress> resolve(const IpAddress&) override { return MacAddress{}; }
  TxQueue& tx_queue(unsigned) override { std::abort(); }
  RxQueue& rx_queue(unsigned) override { std::abort(); }

 private:
  Endings& endings_;
  std::chrono::milliseconds patience_;
  DeviceFacts facts_;
};

constexpr std::chrono::milliseconds kLong{20'000};
constexpr std::chrono::milliseconds kShort{20};

TEST(TwoPorts, BothEndAtTheSameTime) {
  Endings endings;
  {
    TwoPorts ports;
    ports.a = std::make_unique<LingeringPort>(endings, true, kLong);
    ports.b = std::make_unique<LingeringPort>(endings, true, kLong);
  }
  EXPECT_EQ(endings.met, 2);
}

TEST(TwoPorts, OneThatMayNotIsEndedHereAndOnlyThenTheOther) {
  for (const bool first : {true, false}) {
    Endings endings;
    {
      TwoPorts ports;
      ports.a = std::make_unique<LingeringPort>(endings, first, kShort);
      ports.b = std::make_unique<LingeringPort>(endings, !first, kShort);
    }
    EXPECT_EQ(endings.begun, 2);
    EXPECT_EQ(endings.met, 1);  // the later
    EXPECT_EQ(endings.threads[0], std::this_thread::get_id());
    EXPECT_EQ(endings.threads[1], std::this_thread::get_id());
  }
}

TEST(TwoPorts, OneAloneEndsHere) {
  Endings endings;
  {
    TwoPorts ports;
    ports.a = std::make_unique<LingeringPort>(endings, true, kShort);
  }
  EXPECT_EQ(endings.begun, 1);
  EXPECT_EQ(endings.threads[0], std::this_thread::get_id());
}

}  // namespace
}  // namespace wireproof
