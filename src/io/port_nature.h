// What a port is by its words alone: nothing is opened or looked at, and it need not be there.
#pragma once

#include <string>
#include <vector>

namespace wireproof {

struct PortNature {
  // Where what it sends gets to, however it is wired.
  enum class Reach {
    kWire,     // to the other end of its wire, whatever is there
    kItself,   // back into it
    kNobody,   // it swallows that
    kPartner,  // in memory, to `partner` and nowhere else
  };
  bool sockets = false;  // UDP payloads, of which the kernel makes frames
  Reach reach = Reach::kWire;
  std::string partner;                  // the DEVICE of the same backend
  std::vector<std::string> interfaces;  // of the host, that it is or sits on
  std::string pci;                      // the PCI device that it is; empty: none

  [[nodiscard]] bool in_memory() const { return reach == Reach::kPartner; }
};

}  // namespace wireproof
