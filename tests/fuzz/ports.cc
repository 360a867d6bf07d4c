// Ports as a user writes them, BACKEND:DEVICE,key=value: what is taken is written and taken again,
// as the same, and so is what the wire model makes of its options; what is refused gets a sentence.
#include "fuzz/fuzz.h"
#include "io/backend_set.h"
#include "io/wire_options.h"

namespace wireproof::fuzz {
namespace {

class Named final : public Backend {
 public:
  explicit Named(std::string_view name) : name_(name) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  [[nodiscard]] std::string_view summary() const override { return "a name alone"; }
  [[nodiscard]] Probe probe() const override { return {}; }
  [[nodiscard]] Result<std::unique_ptr<Device>> open(const PortSpec& /*port*/,
                                                     const OpenSpec& /*spec*/) override {
    return fail(ErrorKind::kPrecondition, "opens nothing");
  }

 private:
  std::string_view name_;
};

const BackendSet& backends() {
  static const BackendSet set = [] {
    BackendSet made;
    for (const char* name : {"loopback", "af_packet"}) {
      made.backends.push_back(std::make_unique<Named>(name));
    }
    made.left_out.push_back({"dpdk", "libdpdk not found"});
    return made;
  }();
  return set;
}

void check_bounds(const WireSpec& wire) {
  for (const double part :
       {wire.loss, wire.duplicate, wire.corrupt, wire.reorder, wire.excess_loss}) {
    require(part >= 0 && part <= 1, "a part of the frames");
  }
  require(wire.reorder_by >= 1 && wire.reorder_by <= 1'000'000, "reorder-by");
  require(wire.queue_frames <= 1'000'000, "queue");
  require(wire.delay >= 0 && wire.delay <= 10 * kSecond, "delay");
  require(wire.jitter >= 0 && wire.jitter <= 10 * kSecond, "jitter");
  require(wire.blocked >= 0 && wire.blocked <= 10 * kSecond, "blocked");
  require(wire.outage >= 0 && wire.outage < wire.outage_every, "outage");
  require(wire.rate_fps >= 0 && wire.rate_fps <= 1e12, "rate");
}

// With every option written in full.
void check_wire(const WireSpec& wire) {
  check_bounds(wire);
  std::map<std::string, std::string> written;
  const auto put = [&](const char* name, double part) {
    written[name] = fmt::format("{:.1100f}", part);
  };
  put("loss", wire.loss);
  put("duplicate", wire.duplicate);
  put("corrupt", wire.corrupt);
  put("reorder", wire.reorder);
  written["delay"] = fmt::format("{}ns", wire.delay);
  written["jitter"] = fmt::format("{}ns", wire.jitter);
  written["seed"] = fmt::format("{}", wire.seed);
  written["reorder-by"] = fmt::format("{}", wire.reorder_by);
  if (wire.rate_fps > 0) {
    written["rate"] = fmt::format("{:.1100f}pps", wire.rate_fps);
    written["queue"] = fmt::format("{}", wire.queue_frames);
    put("excess-loss", wire.excess_loss);
    written["blocked"] = fmt::format("{}ns", wire.blocked);
  }
  written["outage"] = fmt::format("{}ns", wire.outage);
  written["outage-every"] = fmt::format("{}ns", wire.outage_every);
  const auto again = parse_wire_options(written);
  require(again.has_value(), "what is written of a wire is refused");
  require(is_clean(*again) == is_clean(wire), "a wire is clean, or is not");
  require(again->delay == wire.delay && again->jitter == wire.jitter && again->seed == wire.seed &&
              again->reorder_by == wire.reorder_by && again->queue_frames == wire.queue_frames &&
              again->blocked == wire.blocked && again->outage == wire.outage &&
              again->outage_every == wire.outage_every,
          "a wire is not read back");
  require(again->loss == wire.loss && again->duplicate == wire.duplicate &&
              again->corrupt == wire.corrupt && again->reorder == wire.reorder &&
              again->rate_fps == wire.rate_fps && again->excess_loss == wire.excess_loss,
          "a wire's numbers are not read back");
  require(written.size() + (wire.rate_fps > 0 ? 0 : 4) == wire_option_names().size(),
          "an option that is not looked at");
}

}  // namespace
}  // namespace wireproof::fuzz

FUZZ_TARGET(ports) {
  const auto port = parse_port_spec(backends(), text_of(bytes));
  if (!port) {
    const bool left_out = port.error().kind == ErrorKind::kPrecondition;
    return require_refusal(port.error(), left_out ? ErrorKind::kPrecondition : ErrorKind::kUsage);
  }
  require(!port->device.empty(), "a port without a device");
  std::string text = port->backend.empty() ? port->device : port->backend + ":" + port->device;
  for (const auto& [key, value] : port->options) {
    require(!key.empty() && key.find(',') == std::string::npos, "an option's name");
    text += fmt::format(",{}={}", key, value);
  }
  const auto again = parse_port_spec(backends(), text);
  require(again.has_value(), "a port is not read back");
  require(again->backend == port->backend && again->device == port->device &&
              again->options == port->options,
          "a port is read back as another");
  const auto wire = parse_wire_options(port->options);
  if (!wire) return require_refusal(wire.error(), ErrorKind::kUsage);
  check_wire(*wire);
}
