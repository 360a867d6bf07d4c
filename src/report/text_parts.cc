#include "report/text_parts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace wireproof {

std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string fps_text(double fps) {
  constexpr double kWhole = 0.005;  // what two decimals do not show
  if (fps < 1000 - kWhole && std::abs(fps - std::round(fps)) > kWhole) {
    return fmt::format("{:.2f}", fps);
  }
  return grouped(static_cast<std::uint64_t>(std::llround(fps)));
}

std::string times_text(std::uint64_t count) {
  return count == 1 ? "once" : grouped(count) + " times";
}

std::string mbit_text(double bps) {
  const auto hundredths = static_cast<std::uint64_t>(std::llround(bps / 1e4));
  return fmt::format("{}.{:02}", grouped(hundredths / 100), hundredths % 100);
}

std::string percent_text(double ratio) {
  const double percent = ratio * 100;
  if (percent <= 0) return "0";
  // Two significant digits at least, whatever the size: one frame in 10^9 is not "0.00".
  const int decimals = std::clamp(2 - static_cast<int>(std::floor(std::log10(percent))), 2, 12);
  std::string text = fmt::format("{:.{}f}", percent, decimals);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string bit_rate_text(double bps) {
  if (bps >= 1e9) return fmt::format("{:g} Gbit/s", bps / 1e9);
  if (bps >= 1e6) return fmt::format("{:g} Mbit/s", bps / 1e6);
  return fmt::format("{:g} kbit/s", bps / 1e3);
}

std::string duration_text(Nanoseconds value) {
  if (value >= 120 * kSecond) {
    const Nanoseconds whole = (value + kSecond / 2) / kSecond;
    return fmt::format("{} m {} s", whole / 60, whole % 60);
  }
  const auto ns = static_cast<double>(value);
  if (value >= kSecond) return fmt::format("{:.4g} s", ns / 1e9);
  if (value >= kMillisecond) return fmt::format("{:.4g} ms", ns / 1e6);
  if (value >= kMicrosecond) return fmt::format("{:.4g} us", ns / 1e3);
  return fmt::format("{} ns", value);
}

std::string microseconds_text(double ns, Nanoseconds bound) {
  int decimals = 3;
  for (; decimals > 0 && bound >= 10; bound /= 10) --decimals;
  std::string text = fmt::format("{:.{}f}", ns / 1e3, decimals);
  const std::size_t first = text.front() == '-' ? 1 : 0;
  for (std::size_t at = std::min(text.find('.'), text.size()); at > first + 3;) {
    text.insert(at -= 3, ",");
  }
  return text;
}

std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (column > 0 && column + 1 + word.size() > kTextColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    } else if (column > 0) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

std::string trimmed_line(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

namespace {

// So that the line can be pasted into a shell again.
std::string quoted(const std::string& argument) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_=+:,./%@").find(c) != std::string_view::npos;
  };
  if (!argument.empty() && std::all_of(argument.begin(), argument.end(), plain)) return argument;
  std::string out = "'";
  for (const char c : argument) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string command_text(const std::vector<std::string>& command) {
  std::string out = "command ";
  std::size_t column = out.size();
  for (const std::string& argument : command) {
    const std::string word = quoted(argument);
    if (column > 8 && column + word.size() + 3 > kTextColumns) {
      out += " \\\n         ";
      column = 9;
    }
    out += " " + word;
    column += 1 + word.size();
  }
  return out + "\n";
}

std::string nic_text(const NicFacts& nic) {
  std::vector<std::string> parts = {nic.backend};
  if (!nic.mode.empty()) parts.push_back(nic.mode);
  if (!nic.driver.empty()) parts.push_back("driver " + nic.driver);
  if (nic.mtu > 0) parts.push_back(fmt::format("MTU {}", nic.mtu));
  parts.push_back(nic.line_rate_bps > 0 ? bit_rate_text(static_cast<double>(nic.line_rate_bps))
                                        : "no line rate");
  if (!nic.rx_stamp.empty()) parts.push_back("RX timestamp " + nic.rx_stamp);
  if (nic.tx_stamps && nic.tx_stamps->answered > 0) {
    parts.push_back(fmt::format("TX queueing delay p50 {}, max {}",
                                duration_text(nic.tx_stamps->wait_p50_ns),
                                duration_text(nic.tx_stamps->wait_max_ns)));
  }
  return wrapped(fmt::format("port     {}: {}", nic.port, fmt::join(parts, ", ")), 11);
}

std::string cores_text(const HostFacts& host) {
  if (host.cores_used.empty()) return {};
  std::vector<std::string> parts;
  for (const CoreUse& use : host.cores_used) {
    const bool shared = use.role.find('+') != std::string::npos;
    parts.push_back(fmt::format("{} {}{}", use.core, use.role, shared ? " (shared)" : ""));
  }
  std::string text = fmt::format("cores    {}", fmt::join(parts, ", "));
  if (const auto& isolation = host.isolation) {
    text += fmt::format("; isolated: {} ({} interrupts moved)", fmt::join(isolation->cores, ","),
                        isolation->interrupts_moved);
  }
  return wrapped(text, 9);
}

// "tsc at 2.600 GHz, offset between cores at most 46 ns, frequency error at most 40 ppb; ptp4l
// SLAVE, offset 12 ns"
std::string clock_text(const HostFacts& host) {
  const ClockState& clock = host.clock;
  std::string text = clock.source;
  if (clock.frequency_hz > 0) text += fmt::format(" at {:.3f} GHz", clock.frequency_hz * 1e-9);
  if (!clock.reason.empty()) text += fmt::format(" ({})", clock.reason);
  if (clock.cores_checked > 1 && clock.bound_ns) {
    text += fmt::format(", offset between cores at most {} ns", *clock.bound_ns);
  }
  if (clock.rate_error_ppb > 0) {
    text += fmt::format(", frequency error at most {} ppb", std::ceil(clock.rate_error_ppb));
  }
  if (!host.ptp) return text;
  text += "; ptp4l " + (host.ptp->port_state.empty() ? "does not answer" : host.ptp->port_state);
  if (host.ptp->offset_ns) text += fmt::format(", offset {} ns", *host.ptp->offset_ns);
  return text;
}

}  // namespace

namespace {

std::string counters_of(const NicFacts& nic) {
  std::vector<std::string> counted;
  for (const auto& [name, value] : nic.counters) {
    if (value > 0) counted.push_back(fmt::format("{} {}", name, grouped(value)));
  }
  if (const std::size_t zero = nic.counters.size() - counted.size(); zero > 0) {
    counted.push_back(fmt::format("{} other{} 0", zero, zero == 1 ? "" : "s"));
  }
  if (counted.empty()) return {};
  return wrapped(fmt::format("counters {} (since the port was opened): {}", nic.port,
                             fmt::join(counted, ", ")),
                 9);
}

}  // namespace

std::string counters_text(const Hosts& hosts) {
  std::string out;
  for (const HostFacts& host : hosts) {
    for (const NicFacts& nic : host.nics) out += counters_of(nic);
  }
  return out;
}

std::string footer_text(const RunReport& report) {
  std::string out;
  for (const HostFacts& host : report.hosts) {
    for (const NicFacts& nic : host.nics) out += nic_text(nic);
    out += cores_text(host);
    out += wrapped("clock    " + clock_text(host), 9);
  }
  for (const std::string& note : report.notes) out += wrapped("note     " + note, 9);
  for (const HostFacts& host : report.hosts) {
    if (host.host.empty()) continue;
    out += wrapped(fmt::format("host     {}, {}, {}", host.host, host.kernel, host.cpu), 9);
  }
  const std::string git = report.tool.git.empty() ? "" : fmt::format(" (git {})", report.tool.git);
  out += wrapped(fmt::format("version  {} {}{}, started {}", report.tool.name, report.tool.version,
                             git, rfc3339_utc(report.started_at_unix_ns)),
                 9);
  return out + command_text(report.command);
}

}  // namespace wireproof
