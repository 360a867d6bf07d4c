#include "support/child.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace wireproof {

int in_child(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    int code = 129;
    try {
      code = work() ? 0 : 1;
    } catch (...) {
    }
    _exit(code);  // none of the parent's destructors
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return 130;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void keep_only_capabilities(const std::vector<int>& kept) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  for (const int capability : kept) {
    auto& set = sets[static_cast<std::size_t>(capability / 32)];
    set.effective |= 1u << capability % 32;
    set.permitted |= 1u << capability % 32;
  }
  if (syscall(SYS_capset, &header, sets.data()) != 0) throw std::runtime_error("capset");
}

}  // namespace wireproof
