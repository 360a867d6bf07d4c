#include "io/interrupts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "base/unique_fd.h"

namespace wireproof {
namespace {

namespace fs = std::filesystem;

fs::path affinity_file(const std::string& root, const std::string& number) {
  return fs::path(root) / "proc/irq" / number / "smp_affinity_list";
}

// The CPUs that it may be served on; empty when there is no such interrupt.
CpuList affinity(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return parse_cpu_list("smp_affinity_list", line).value_or(CpuList{});
}

// 0, or why the kernel did not take it.
int serve_on(const fs::path& path, const CpuList& cpus) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  const std::string text = fmt::format("{}\n", fmt::join(cpus, ","));
  return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
}

CpuList without(const CpuList& cpus, const CpuList& off) {
  CpuList rest;
  std::set_difference(cpus.begin(), cpus.end(), off.begin(), off.end(), std::back_inserter(rest));
  return rest;
}

void add_with_lower(const fs::path& root, const std::string& interface,
                    std::set<std::string>& found) {
  if (!found.insert(interface).second) return;
  constexpr std::string_view kLower = "lower_";
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(root / "sys/class/net" / interface, gone)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kLower)) add_with_lower(root, name.substr(kLower.size()), found);
  }
}

}  // namespace

std::vector<PciNic> nics_below(const std::vector<std::string>& ports, std::vector<PciNic> nics,
                               const std::string& root) {
  std::set<std::string> wanted;
  for (const std::string& name : ports) add_with_lower(root, name, wanted);
  std::erase_if(nics, [&wanted](const PciNic& nic) {
    return !wanted.contains(nic.address) &&
           std::none_of(nic.interfaces.begin(), nic.interfaces.end(),
                        [&wanted](const std::string& name) { return wanted.contains(name); });
  });
  return nics;
}

Result<MovedInterrupts> move_interrupts(const std::vector<PciNic>& nics, const CpuList& off,
                                        const CpuList& online, Journal& journal,
                                        const std::string& root) {
  MovedInterrupts result;
  for (const PciNic& nic : nics) {
    for (const PciInterrupt& interrupt : nic.interrupts) {
      const std::string number = std::to_string(interrupt.number);
      const fs::path path = affinity_file(root, number);
      const CpuList before = affinity(path);
      if (before.empty() || without(before, off) == before) continue;
      CpuList after = without(before, off);
      std::erase_if(after, [&online](unsigned cpu) {
        return std::find(online.begin(), online.end(), cpu) == online.end();
      });
      if (after.empty()) after = without(online, off);
      const Status kept =
          journal.record({.kind = kInterruptKind,
                          .fields = {{"number", number},
                                     {"was", fmt::format("{}", fmt::join(before, ","))},
                                     {"now", fmt::format("{}", fmt::join(after, ","))}}},
                         Journal::Where::kHost);
      if (!kept) return tl::unexpected(kept.error());
      if (const int error = serve_on(path, after); error == 0) {
        ++result.moved;
      } else {
        result.refused.push_back(interrupt.number);
        result.refusal = error;
      }
    }
  }
  return result;
}

unsigned served_on(const std::vector<PciNic>& nics, const CpuList& cpus, const std::string& root) {
  unsigned served = 0;
  for (const PciNic& nic : nics) {
    for (const PciInterrupt& interrupt : nic.interrupts) {
      const CpuList now = affinity(affinity_file(root, std::to_string(interrupt.number)));
      if (without(now, cpus) != now) ++served;
    }
  }
  return served;
}

Status undo_interrupt_affinity(const JournalEntry& entry, const std::string& root) {
  const auto cpus_at = [&entry](const char* key) {
    const auto found = entry.fields.find(key);
    if (found == entry.fields.end()) return CpuList{};
    return parse_cpu_list(key, found->second).value_or(CpuList{});
  };
  const auto number = entry.fields.find("number");
  const CpuList was = cpus_at("was");
  // What is no number is no interrupt: the file of nobody else is written.
  if (number == entry.fields.end() || was.empty() ||
      number->second.find_first_not_of("0123456789") != std::string::npos)
    return {};
  const fs::path path = affinity_file(root, number->second);
  if (affinity(path) != cpus_at("now")) return {};
  const int error = serve_on(path, was);
  if (error == 0) return {};
  return fail(ErrorKind::kPrecondition,
              fmt::format("{} is refused: {}", path.string(), std::strerror(error)),
              fmt::format("write {} there", fmt::join(was, ",")), error);
}

}  // namespace wireproof
