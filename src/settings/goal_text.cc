#include "settings/goal_text.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/nearest.h"
#include "base/units.h"

namespace wireproof {
namespace {

constexpr double kPartialDrop = 0.005;  // CSIT's partial drop rate
constexpr Nanoseconds kShortestFinal = 10 * kMillisecond;

struct Known {
  const char* name;
  const char* notation;
};
constexpr std::array<Known, 4> kKnown{{{"rfc2544", "60f60d0l0e"},
                                       {"tst009", "60f120d0l50e"},
                                       {"csit-ndr", "1f21d0l50e"},
                                       {"csit-pdr", "1f21d0.5l50e"}}};

// The four numbers before their letters, in this order; nothing where it is not written so.
std::optional<std::array<std::string, 4>> split(std::string_view text) {
  constexpr std::string_view kLetters = "fdle";
  std::array<std::string, 4> numbers;
  for (std::size_t i = 0; i < kLetters.size(); ++i) {
    const std::size_t end = text.find_first_not_of("0123456789.");
    if (end == 0 || end == std::string_view::npos || text[end] != kLetters[i]) return std::nullopt;
    numbers[i] = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  return text.empty() ? std::optional(numbers) : std::nullopt;
}

tl::unexpected<Error> no_goal(std::string_view name, const std::string& text, const char* why) {
  static const std::vector<std::string> kNames{"ndr",  "pdr",      "rfc2544", "tst009",
                                               "csit", "csit-ndr", "csit-pdr"};
  const std::string meant = did_you_mean(text, kNames);
  return fail(ErrorKind::kUsage, fmt::format("{} {}: {}", name, quote(text), why),
              meant.empty()
                  ? "write ndr, pdr, loss=0.1% (below 100 %), rfc2544, tst009, csit, or a "
                    "goal in full, as 60f120d0.5l50e"
                  : meant);
}

Result<GoalChoice> in_full(std::string_view name, const std::string& text,
                           const std::array<std::string, 4>& numbers) {
  const std::string at = fmt::format("{} {}: ", name, quote(text));
  const auto final = parse_duration(at + "f", numbers[0], kShortestFinal);
  if (!final) return tl::unexpected(final.error());
  const auto sum = parse_duration(at + "d", numbers[1], kShortestFinal);
  if (!sum) return tl::unexpected(sum.error());
  const auto loss = parse_ratio(at + "l", numbers[2] + "%");
  if (!loss) return tl::unexpected(loss.error());
  const auto exceed = parse_ratio(at + "e", numbers[3] + "%");
  if (!exceed) return tl::unexpected(exceed.error());
  if (*sum < *final)
    return no_goal(name, text, "the duration sum (d) is shorter than the final duration (f)");
  if (*loss >= 1 || *exceed >= 1)
    return no_goal(name, text, "the loss ratio (l) and the exceed ratio (e) are below 100 %");
  return GoalChoice{{text, *loss, *exceed}, *final, *sum};
}

}  // namespace

Result<std::vector<GoalChoice>> parse_goal(std::string_view name, const std::string& text) {
  using Goals = std::vector<GoalChoice>;
  if (text == "ndr") return Goals{{.goal = {text, 0}}};
  if (text == "pdr") return Goals{{.goal = {text, kPartialDrop}}};
  if (text.starts_with("loss=")) {
    const auto ratio = parse_ratio(std::string(name) + " loss=", text.substr(5));
    if (!ratio) return tl::unexpected(ratio.error());
    if (*ratio < 1) return Goals{{.goal = {text, *ratio}}};
    return no_goal(name, text, "all may be lost");
  }
  if (const auto numbers = split(text)) {
    return in_full(name, text, *numbers).map([](GoalChoice&& one) {
      return Goals{std::move(one)};
    });
  }
  Goals goals;
  for (const Known& known : kKnown) {
    const bool both = text == "csit" && std::string_view(known.name).starts_with("csit-");
    if (text != known.name && !both) continue;
    Result<GoalChoice> one = in_full(name, text, *split(known.notation));
    if (!one) return tl::unexpected(one.error());
    one->goal.name = known.name;
    goals.push_back(*std::move(one));
  }
  if (goals.empty()) return no_goal(name, text, "unknown");
  return goals;
}

}  // namespace wireproof
