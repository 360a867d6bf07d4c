# shellcheck shell=bash
# Shared by the scripts beside it: messages, packages, builds, namespaces. Sourced, never run.
# Debian 12 is the reference; on other systems the packages are the user's to install, and what is
# missing is named.
# shellcheck disable=SC2034  # the lists are read by those who source this

# What a build needs, and what the tests need besides. docs/dependencies.md says why each.
BUILD_PACKAGES=(
  g++ meson ninja-build pkg-config libfmt-dev libexpected-dev nlohmann-json3-dev libcli11-dev
  zlib1g-dev libxdp-dev libbpf-dev liburing-dev clang linux-libc-dev libc6-dev python3 iproute2
  scdoc
)
TEST_PACKAGES=(
  libgtest-dev ccache python3-jsonschema clang-format-14 clang-tidy-14 shellcheck util-linux
  libclang-rt-14-dev libcap2-bin procps libdpdk-dev bpftool tcpdump iputils-ping irtt ethtool nftables
  libhdrhistogram-java openjdk-17-jdk-headless tshark fish zsh
)
# The part pci of scripts/test; the guest's kernel is fetched beside them, and not installed.
PCI_PACKAGES=(libdpdk-dev qemu-system-x86 busybox-static python3-jsonschema)

# Twenty files of a library at a time: in some two thirds of the time that eight at a time take. A
# name is then unique among neighbours; that each file includes what it needs is shown by .ci/nightly
# install.
TOGETHER=(-Dunity=on -Dunity_size=20)

# What is compiled for the first time is preprocessed once, not twice (ccache(1), depend mode).
export CCACHE_DEPEND=1
# What includes a precompiled header is cached as well (ccache(1), precompiled headers).
export CCACHE_SLOPPINESS=pch_defines,time_macros

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$(basename "$0"): $1"
  exit "${2:-1}"
}

# Runs a command as root: directly, or through sudo where that asks no questions or can ask them.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo > /dev/null && { sudo -n true 2> /dev/null || [ -t 0 ]; }; then
    sudo "$@"
  else
    return 1
  fi
}

missing_packages() {
  local package
  for package in "$@"; do
    if ! dpkg-query -W -f='${db:Status-Status}\n' "$package" 2> /dev/null | grep -qx installed; then
      printf '%s\n' "$package"
    fi
  done
}

# Installs those of the named packages that are missing; does nothing, and needs nothing, when all
# are there.
install_packages() {
  local missing
  if ! command -v dpkg-query > /dev/null; then
    say "not a Debian system: trusting that these are installed: $*"
    return 0
  fi
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -eq 0 ] && return 0
  say "installing ${missing[*]}"
  local apt=(apt-get -qq -o DPkg::Lock::Timeout=120 -o APT::Install-Suggests=false)
  if ! as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" update >&2 ||
    ! as_root env DEBIAN_FRONTEND=noninteractive "${apt[@]}" install -y --no-install-recommends \
      "${missing[@]}" >&2; then
    die "cannot install ${missing[*]}; as root: apt-get install ${missing[*]}" 3
  fi
}

# Configures FOLDER once, and again when the build files or the options have changed.
configure() {
  local folder=$1
  shift
  if [ -f "$folder/build.ninja" ]; then
    meson configure "$folder" "$@" > /dev/null
  else
    meson setup "$folder" "$@" >&2
  fi
}

# can_make_namespaces NAME: tries, under that name.
can_make_namespaces() {
  [ "$(id -u)" -eq 0 ] && command -v ip > /dev/null && ip netns add "$1" 2> /dev/null &&
    ip netns del "$1"
}

# add_namespace NAME: without IPv6, whose neighbour discovery is traffic that nobody asked for.
add_namespace() {
  ip netns add "$1"
  local key
  for key in all default; do
    ip netns exec "$1" sh -c "echo 1 > /proc/sys/net/ipv6/conf/$key/disable_ipv6" 2> /dev/null ||
      true  # a kernel without IPv6 has nothing to switch off
  done
  ip -n "$1" link set lo up
}

# add_veth NAMESPACE1 NAME1 NAMESPACE2 NAME2: one pair, both ends up.
add_veth() {
  ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
  ip -n "$1" link set "$2" up
  ip -n "$3" link set "$4" up
}

# end_process PID: asks, waits at most two seconds, then kills; silent when it is gone.
end_process() {
  local pid=$1 i
  kill -TERM "$pid" 2> /dev/null || return 0
  for i in $(seq 40); do
    kill -0 "$pid" 2> /dev/null || break
    [ "$i" -eq 40 ] && kill -KILL "$pid" 2> /dev/null
    sleep 0.05
  done
  wait "$pid" 2> /dev/null || true
}

# remove_namespace NAME: with everything in it; silent when it is gone.
remove_namespace() {
  if ip netns list 2> /dev/null | grep -qE "^$1( |\$)"; then ip netns del "$1"; fi
}
