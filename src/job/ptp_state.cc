#include "job/ptp_state.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "base/units.h"
#include "job/child_process.h"

namespace wireproof {
namespace {

constexpr std::size_t kPtpAnswerMax = 64 << 10;

// Cuts the next word off the front.
std::string_view next_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  line.remove_prefix(begin);
  const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// "-1276" and "-1276.0" alike.
std::optional<std::int64_t> number(std::string_view word) {
  constexpr double kMax = 9e18;
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !(std::abs(value) < kMax)) {
    return std::nullopt;
  }
  return std::llround(value);
}

int rank(std::string_view port_state) {
  if (port_state == "SLAVE") return 3;
  if (port_state == "UNCALIBRATED") return 2;
  return port_state.empty() ? 0 : 1;
}

void take(PtpFacts& facts, std::string_view key, std::string_view value) {
  if (key == "portState" && rank(value) > rank(facts.port_state))
    facts.port_state = printable(value);
  if (key == "gmPresent") facts.gm_present = value == "true";
  if (key == "gmIdentity") facts.gm_identity = printable(value);
  if (key == "master_offset") facts.offset_ns = number(value);
  if (key == "meanPathDelay") facts.path_delay_ns = number(value);
  if (key == "stepsRemoved") {
    const auto steps = number(value);
    if (steps && *steps >= 0 && *steps <= 0xffff) {
      facts.steps_removed = static_cast<std::uint32_t>(*steps);
    }
  }
}

// The file of a ptp4l that was killed stays.
bool somebody_listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return false;
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return true;
  }
  return errno == EACCES || errno == EPERM;
}

std::string ask(const std::string& socket, Nanoseconds patience) {
  // pmc lies where root's programs do. Its complaints are not ours.
  auto child = ChildProcess::start(
      fmt::format("PATH=$PATH:/usr/sbin:/sbin exec pmc -u -b 0 -s '{}' 'GET TIME_STATUS_NP' "
                  "'GET PORT_DATA_SET' 'GET CURRENT_DATA_SET' 2>/dev/null",
                  socket),
      "");
  std::string answer;
  if (!child) return answer;
  const MonotonicClock clock;
  const Nanoseconds deadline = clock.now() + patience;
  while (answer.size() < kPtpAnswerMax && clock.now() < deadline) {
    const std::string some = child->read_some(10);
    answer += some;
    if (some.empty() && child->ended()) {
      answer += child->read_some(0);  // written between the two questions
      break;
    }
  }
  return answer;
}

}  // namespace

PtpFacts parse_pmc(std::string_view text) {
  PtpFacts facts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view key = next_word(line);
    take(facts, key, next_word(line));
  }
  return facts;
}

std::optional<PtpFacts> read_ptp_state(Nanoseconds patience, const std::string& socket) {
  if (!somebody_listens(socket)) return std::nullopt;
  return parse_pmc(ask(socket, patience));
}

std::string describe_ptp(const PtpFacts& ptp) {
  if (ptp.port_state.empty()) return "ptp4l runs and does not answer";
  std::string text = ptp.port_state;
  if (ptp.offset_ns) text += fmt::format(", offset {} ns", *ptp.offset_ns);
  if (ptp.path_delay_ns) text += fmt::format(", path delay {} ns", *ptp.path_delay_ns);
  if (ptp.gm_present) text += fmt::format(", master {}", ptp.gm_identity);
  return text;
}

}  // namespace wireproof
