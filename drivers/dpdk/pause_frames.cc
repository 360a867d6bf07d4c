#include "pause_frames.h"

#include <rte_ethdev.h>

namespace wireproof::dpdk {

void refuse_pause_frames(std::uint16_t port, bool link_up) {
  rte_eth_fc_conf pause{};
  if (rte_eth_dev_flow_ctrl_get(port, &pause) != 0) return;
  // Without a link, "none" may be what is in force (e1000), and not what the NIC is about to offer.
  // With one, setting it again would cost some drivers the link (i40e).
  if (pause.mode == RTE_ETH_FC_NONE && link_up) return;
  pause.mode = RTE_ETH_FC_NONE;
  rte_eth_dev_flow_ctrl_set(port, &pause);
}

bool pause_frames_are_on(std::uint16_t port) {
  rte_eth_fc_conf pause{};
  return rte_eth_dev_flow_ctrl_get(port, &pause) == 0 && pause.mode != RTE_ETH_FC_NONE;
}

}  // namespace wireproof::dpdk
