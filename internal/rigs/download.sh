# shellcheck shell=bash
# download.sh - for the scripts here to source: Debian's packages, downloaded and unpacked, never installed.

# apt is apt-get or apt-cache, of another suite if $suite says so.
apt() { ${suite:+"$here/suite-apt.sh" "$suite"} "$@"; }

# refresh fetches the lists of packages, if this user may.
refresh() {
  local sudo=
  [ -z "${suite:-}" ] || return 0 # it has lists of its own
  [ "$(id -u)" = 0 ] || sudo='sudo -n'
  $sudo apt-get -qq update >&2
}

# known PACKAGE...: that apt has heard of them.
known() {
  apt apt-cache show "$@" >/dev/null 2>&1 || { refresh && apt apt-cache show "$@" >/dev/null; } ||
    die "apt does not know all of these: $* (apt-get update?)"
}

# download DIRECTORY PACKAGE...: into the directory.
download() {
  local into=$1 d; shift
  local get=(apt apt-get -qq -o APT::Sandbox::User=root download "$@")
  mkdir -p "$into/.deb"
  # Lists that are old name versions that the mirror has no longer.
  (cd "$into/.deb" && { "${get[@]}" 2>/dev/null || { refresh && "${get[@]}"; }; }) >&2 || die "not to be had: $*"
  for d in "$into"/.deb/*.deb; do dpkg -x "$d" "$into"; done
  rm -r "$into/.deb"
}

# machine_packages: installs what linux-vm.sh needs, if this user may.
machine_packages() {
  local missing= need sudo=
  [ "$(uname -sm)" = 'Linux x86_64' ] || die "the machine is for Linux on x86-64, and this is $(uname -sm)"
  command -v apt-get >/dev/null || die "apt-get is missing: the kernel and the programs come from Debian's packages"
  for need in qemu-system-x86_64:qemu-system-x86 modprobe:kmod cpio:cpio xz:xz-utils zstd:zstd; do
    command -v "${need%%:*}" >/dev/null || missing="$missing ${need##*:}"
  done
  if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || sudo='sudo -n'
    local list; read -ra list <<<"$missing"
    { $sudo apt-get update -q && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy --no-install-recommends "${list[@]}"; } >&2 ||
      die "these packages are missing, and cannot be installed: ${list[*]}"
  fi
}
