#include "report/presentable.h"

#include <cerrno>
#include <string>

namespace wireproof {
namespace {

std::string presentable(const std::string& text) {
  constexpr std::size_t kShown = 400;
  std::string shown;
  for (const char c : text.substr(0, kShown)) shown += (c >= ' ' && c <= '~') ? c : '?';
  return text.size() > kShown ? shown + "..." : shown;
}

}  // namespace

Error presentable(const Error& error) {
  Error shown{error.kind, presentable(error.message), presentable(error.hint), error.errno_value};
  // Whatever was to be opened then, this is what ran out.
  if (error.errno_value == EMFILE) shown.hint = "raise the limit on open files: ulimit -n";
  return shown;
}

}  // namespace wireproof
