// Results reach their place whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace wireproof {

// All of `text` to a descriptor; a short write is continued, a full disk or a reader that has gone
// (EPIPE; the caller ignores SIGPIPE) fails with kOutput, naming `name` and the errno.
[[nodiscard]] Status write_all(int fd, std::string_view text, std::string_view name);

// A file that gets its name when it is whole: written under a temporary one in the same folder,
// synced, renamed over an existing regular file, the folder synced. After a crash there is the old
// file or the new one. Without commit() nothing is left behind and an existing file is as it was;
// what a killed process left of this kind in the folder is removed by the next.
class WholeFile {
 public:
  // Whatever else bears that name (a folder, a link, a device, a pipe) is refused (kOutput).
  [[nodiscard]] static Result<WholeFile> create(const std::string& path);
  WholeFile(WholeFile&& other) noexcept;
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();

  [[nodiscard]] int fd() const { return fd_.get(); }
  // After the last byte. Fails with kOutput.
  [[nodiscard]] Status commit();

 private:
  WholeFile(UniqueFd fd, std::string temporary, std::string path);

  UniqueFd fd_;
  std::string temporary_;  // empty: it has its name
  std::string path_;
};

// The file `path` as a WholeFile, or standard output where it is "-". Fails with kOutput.
[[nodiscard]] Status write_result(const std::string& path, std::string_view text);

// What write_result would refuse, before the run and without writing the file: so that an hour of
// measuring is not lost to a typing error. Fails with kOutput.
[[nodiscard]] Status check_writable(const std::string& path);

}  // namespace wireproof
