#include <fmt/format.h>

#include "report/text_parts.h"

namespace wireproof {

namespace {

std::string row(std::string_view name, std::string_view a_to_b, std::string_view b_to_a) {
  return trimmed_line(fmt::format("{:<24}{:>20}{:>20}", name, a_to_b, b_to_a));
}

std::string known(const std::optional<std::uint64_t>& count) {
  return count ? grouped(*count) : "unknown";
}

}  // namespace

std::string dut_text(const DutResult& result) {
  std::string out = wrapped(fmt::format("a: {}; b: {}; {}", result.a.port, result.b.port,
                                        duration_text(result.duration)));
  out += "\n" + row("frames", "a to b", "b to a");
  for (const auto& [name, member] : kDutCounters) {
    out += row(name, grouped(result.a_to_b.counts.*member), grouped(result.b_to_a.counts.*member));
  }
  out += "\n" + row("lost by the ports", "a", "b");
  out += row("tx_dropped", known(result.a.tx_dropped), known(result.b.tx_dropped));
  out += row("rx_ring_dropped", known(result.a.rx_ring_dropped), known(result.b.rx_ring_dropped));
  out += row("rx_nic_dropped", known(result.a.rx_nic_dropped), known(result.b.rx_nic_dropped));
  if (!result.log.empty()) {
    out += "\n" + wrapped(fmt::format("log: {}, {} records; {} more did not fit", result.log,
                                      grouped(result.log_records), grouped(result.log_overflow)));
  }
  return out + "\n";
}

}  // namespace wireproof
