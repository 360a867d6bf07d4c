#include <cpuid.h>

#include "base/ticks.h"

namespace wireproof {
namespace {

// CPUID leaves and bits: Intel SDM volume 2A, "CPUID"; AMD APM volume 3, appendix E.4.
constexpr unsigned kExtendedFeatures = 0x80000001;
constexpr unsigned kPowerManagement = 0x80000007;
constexpr unsigned kRdtscpBit = 1u << 27;
constexpr unsigned kInvariantBit = 1u << 8;

bool has(unsigned leaf, unsigned edx_bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(leaf, &a, &b, &c, &d) != 0 && (d & edx_bit) != 0;
}

}  // namespace

std::uint64_t read_ticks() {
  unsigned core = 0;
  return __builtin_ia32_rdtscp(&core);
}

std::string no_ticks() {
  if (!has(kExtendedFeatures, kRdtscpBit)) return "the processor has no RDTSCP";
  if (!has(kPowerManagement, kInvariantBit)) return "the processor's TSC is not invariant";
  return {};
}

}  // namespace wireproof
