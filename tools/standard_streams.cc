#include "tools/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include "report/write_file.h"
#include "tools/session.h"

namespace wireproof {

void secure_standard_streams() {
  // In this order: open() takes the lowest free descriptor.
  for (const auto& [stream, mode] :
       {std::pair{STDIN_FILENO, O_RDONLY}, {STDOUT_FILENO, O_RDONLY}, {STDERR_FILENO, O_WRONLY}}) {
    if (fcntl(stream, F_GETFD) == -1) static_cast<void>(open("/dev/null", mode));
  }
}

void say(std::string_view text) {
  static_cast<void>(write_all(STDERR_FILENO, text, "standard error"));
}

int print(std::string_view text) {
  const Status written = write_all(STDOUT_FILENO, text, "standard output");
  if (written) return 0;
  print_error(written.error());
  return exit_code(written.error().kind);
}

}  // namespace wireproof
