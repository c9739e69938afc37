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
