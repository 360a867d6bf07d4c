// DPDK's environment (EAL): started once in a process, when the first port is opened, and never
// stopped before the process ends. Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"

namespace wireproof::dpdk {

// Where DPDK's packet memory lies.
enum class Pages {
  kHuge,      // hugepages without a name (--in-memory) or with one that is taken back at once
              // (--huge-unlink): the kernel frees them whatever becomes of the process
  kOrdinary,  // no hugepages are there: enough for virtual devices, not for a NIC's DMA
};

// What the first port is: it decides how DPDK is started.
struct FirstPort {
  std::string pci_address;  // empty: a virtual device
  bool shares = false;      // net_memif talks to other processes by DPDK's own means, which
                            // --in-memory switches off
};

class Eal {
 public:
  // The running one, or a new one for that port. Fails with kPrecondition.
  [[nodiscard]] static Result<Eal*> start(const FirstPort& first);
  ~Eal();

  // Attaches a device by its DPDK arguments ("0000:03:00.0", "net_memif0,role=client") and returns
  // its port number. Fails with kPrecondition, in the driver's own words.
  [[nodiscard]] Result<std::uint16_t> attach(const std::string& name, const std::string& arguments);
  static void detach(std::uint16_t port);

  [[nodiscard]] Pages pages() const { return pages_; }

  // What DPDK has complained of since the last call, one line; empty when nothing.
  [[nodiscard]] static std::string complaint();

 private:
  explicit Eal(Pages pages) : pages_(pages) {}
  Pages pages_;
  std::map<std::string, std::string> attached_;  // name to arguments
};

// Gives the calling thread what DPDK's own threads have (a core number, and with it caches of the
// packet pools), until the thread ends. Cheap when it has it already. False: DPDK has no number
// left, and the thread goes without caches.
bool adopt_thread();
// The highest core number that a thread of ours has had.
[[nodiscard]] unsigned highest_adopted();

}  // namespace wireproof::dpdk
