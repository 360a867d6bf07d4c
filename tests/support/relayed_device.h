// A device that hands everything to another: what a test changes of it, it overrides.
#pragma once

#include "io/backend.h"

namespace wireproof {

class RelayedDevice : public Device {
 public:
  explicit RelayedDevice(Device& inner) : inner_(inner) {}

  [[nodiscard]] const DeviceFacts& facts() const override { return inner_.facts(); }
  [[nodiscard]] Result<DeviceCounters> counters() override { return inner_.counters(); }
  [[nodiscard]] Status connect(const DeviceFacts& to) override { return inner_.connect(to); }
  void also_take(const PayloadMark& mark) override { inner_.also_take(mark); }
  [[nodiscard]] Result<MacAddress> resolve(const IpAddress& address) override {
    return inner_.resolve(address);
  }
  [[nodiscard]] TxQueue& tx_queue(unsigned index) override { return inner_.tx_queue(index); }
  [[nodiscard]] RxQueue& rx_queue(unsigned index) override { return inner_.rx_queue(index); }

 protected:
  Device& inner_;
};

}  // namespace wireproof
