#include "base/system_error.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace wireproof {
namespace {

// Empty where the number does not tell what is short.
std::string cure_of(int number) {
  switch (number) {
    case EMFILE:
      return "allow this process more open files: raise 'ulimit -n' or LimitNOFILE=";
    case ENFILE:
      return "allow this host more open files: raise fs.file-max, or end other programs";
    case ENOMEM:
    case ENOBUFS:
      return "free memory, or ask for fewer queues and smaller rings; see 'ulimit -v' and 'ulimit "
             "-l'";
    default:
      return {};
  }
}

// Libraries below (libbpf, libxdp) answer a want of descriptors with other numbers, and have closed
// theirs by then: where there are only a few left, that is the cause.
bool few_descriptors_left() {
  std::array<UniqueFd, 8> tried;
  for (UniqueFd& one : tried) {
    one = UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!one) return errno == EMFILE || errno == ENFILE;
  }
  return false;
}

}  // namespace

Error system_error(const std::string& what, int number, std::string cure) {
  if ((number == EINVAL || number == ENOENT) && few_descriptors_left()) number = EMFILE;
  std::string of_cause = cure_of(number);
  return {ErrorKind::kPrecondition, fmt::format("{}: {}", what, std::strerror(number)),
          of_cause.empty() ? std::move(cure) : std::move(of_cause), number};
}

}  // namespace wireproof
