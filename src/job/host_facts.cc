#include "job/host_facts.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include "base/cpu.h"

namespace wireproof {

HostFacts host_facts(const HostClock& clock) {
  HostFacts host;
  utsname names{};
  uname(&names);
  host.host = names.nodename;
  host.kernel = fmt::format("{} {}", names.sysname, names.release);
  const CpuFacts cpus;
  host.cpu = cpus.model();
  host.cpus_online = static_cast<unsigned>(cpus.online().size());
  host.numa_nodes = cpus.numa_nodes();
  host.clocksource = cpus.clocksource();
  host.clock = clock.describe();
  return host;
}

}  // namespace wireproof
