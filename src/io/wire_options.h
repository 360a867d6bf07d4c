// The wire model's settings as text, the same words for every door: the options of a loopback port
// and the flags of `wireproof dut`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/wire_model.h"

namespace wireproof {

// loss, duplicate, reorder, corrupt: "0.1%" or "0.001". reorder-by: frames, 1 to 1M. delay, jitter:
// "50us", up to 10 s. rate: "100kpps". queue: frames, 0 to 1M. excess-loss: as loss. blocked: as
// delay. outage, outage-every: up to a day. seed: any whole number.
[[nodiscard]] const std::vector<std::string>& wire_option_names();

// Reads the keys above and leaves others alone. Fails with kUsage on a bad value and on settings
// that contradict each other (queue, excess-loss or blocked without rate, reorder-by without
// reorder, outage-every without outage or no longer than it).
// `spelled`: an option's name as the reader of the message knows it; empty: as it is here.
[[nodiscard]] Result<WireSpec> parse_wire_options(
    const std::map<std::string, std::string>& options,
    const std::function<std::string(std::string_view)>& spelled = {});

// Which values an option takes, for a manual: "0 to 10s". And the value it has in `spec`, as a text
// that is read the same; empty where it means nothing there.
[[nodiscard]] std::string wire_option_values(std::string_view name);
[[nodiscard]] std::string wire_option_text(const WireSpec& spec, std::string_view name);

// Does this wire do nothing at all to a frame?
[[nodiscard]] bool is_clean(const WireSpec& spec);

}  // namespace wireproof
