#include "support/bpf.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace wireproof {

std::uint32_t attached_xdp_program(const std::string& interface) {
  bpf_xdp_query_opts query{};
  query.sz = sizeof query;
  if (bpf_xdp_query(static_cast<int>(if_nametoindex(interface.c_str())), 0, &query) != 0) return 0;
  for (const std::uint32_t id : {query.prog_id, query.drv_prog_id, query.skb_prog_id}) {
    if (id != 0) return id;
  }
  return 0;
}

int run_xdp_program(int program_fd, std::span<const std::uint8_t> frame) {
  bpf_test_run_opts run{};
  run.sz = sizeof run;
  run.data_in = frame.data();
  run.data_size_in = static_cast<std::uint32_t>(frame.size());
  run.repeat = 1;
  if (bpf_prog_test_run_opts(program_fd, &run) != 0) {
    throw std::runtime_error(std::string("BPF_PROG_TEST_RUN: ") + std::strerror(errno));
  }
  return static_cast<int>(run.retval);
}

ForeignXdpProgram::ForeignXdpProgram(const std::string& interface) {
  // r0 = XDP_PASS; exit
  const std::array<bpf_insn, 2> code{
      bpf_insn{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS},
      bpf_insn{.code = BPF_JMP | BPF_EXIT}};
  program_ = UniqueFd(
      bpf_prog_load(BPF_PROG_TYPE_XDP, "somebody_else", "GPL", code.data(), code.size(), nullptr));
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = XDP_FLAGS_DRV_MODE;
  link_ = UniqueFd(bpf_link_create(
      program_.get(), static_cast<int>(if_nametoindex(interface.c_str())), BPF_XDP, &options));
  if (!link_) throw std::runtime_error(std::string("foreign program: ") + std::strerror(errno));
}

}  // namespace wireproof
