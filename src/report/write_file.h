// Results reach their place whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace wireproof {

// All of `text` to a descriptor; a short write is continued, a full disk or a reader that has gone
// (EPIPE; the caller ignores SIGPIPE) fails with kOutput, naming `name` and the errno.
[[nodiscard]] Status write_all(int fd, std::string_view text, std::string_view name);

// The file `path`, or standard output where it is "-". Written to a temporary file in the same
// folder, synced, renamed over an existing regular file, the folder synced: after a crash there is
// the old file or the new one. Whatever else bears that name (a folder, a link, a device, a pipe)
// is refused. Fails with kOutput; nothing is left behind and an existing file is as it was.
[[nodiscard]] Status write_result(const std::string& path, std::string_view text);

// What write_result would refuse, before the run and without writing the file: so that an hour of
// measuring is not lost to a typing error. Fails with kOutput.
[[nodiscard]] Status check_writable(const std::string& path);

}  // namespace wireproof
