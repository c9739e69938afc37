#!/usr/bin/env bash
# programs.sh - put programs of Debian packages, with the libraries that they
# need, into an archive for the virtual machine: linux-vm.sh -a "$(programs.sh)".
#
#   programs.sh [PACKAGE...]      (default: those that the tests of the families meet)
#
# Prints the archive's path: a cpio archive, kept under ${RIG_CACHE:-$HOME/.cache/rigs}.
# The packages are downloaded with apt-get and unpacked, never installed. Only
# compiled programs are taken, not scripts.
#
# Needs: cpio.
set -euo pipefail
die() { echo "programs: $*" >&2; exit 125; }
case ${1:-} in -*) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;; esac
here=$(cd "$(dirname "$(realpath "$0")")" && pwd)

[ $# -gt 0 ] || set -- \
  can-utils `# candump cansend isotpsend isotprecv testj1939 j1939cat` \
  iproute2 `# ip ss tc tipc` \
  kcapi-tools `# kcapi-hasher kcapi-enc kcapi-dgst kcapi-rng` \
  socat tcpdump \
  lksctp-tools `# sctp_darn sctp_test` \
  qrtr-tools `# qrtr-ns qrtr-lookup` \
  bluez bluez-test-tools `# l2test rctest l2ping hcitool` \
  openssl curl `# the other ends of sock/tlsconn`

cache=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rigs}/programs
archive=$cache/$(echo "$* $(cat "$0")" | sha256sum | cut -c1-16).cpio
mkdir -p "$cache"
exec 9>"$cache/lock"; flock 9
if [ ! -s "$archive" ]; then
  work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
  mkdir "$work/all" "$work/own" "$work/root"
  # The libraries are among the packages that these depend on, at any remove.
  # shellcheck source=internal/rigs/download.sh
  . "$here/download.sh"
  known "$@"
  mapfile -t libraries < <(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances --no-pre-depends "$@" | grep -E '^z?lib[a-z0-9.+-]*$' | sort -u)
  download "$work/own" "$@"
  download "$work/all" libc6 "${libraries[@]}"
  path=$work/all/lib/x86_64-linux-gnu:$work/all/usr/lib/x86_64-linux-gnu
  loader=$work/all/lib64/ld-linux-x86-64.so.2
  # The loader itself says which files a program would have.
  find "$work/own" -path '*bin/*' -type f -perm -u+x | while read -r f; do
    [ "$(head -c 4 "$f")" = $'\x7fELF' ] || continue
    if needs=$("$loader" --inhibit-cache --library-path "$path" --list "$f" 2>&1); then
      mkdir -p "$work/root/$(dirname "${f#"$work/own/"}")"
      cp "$f" "$work/root/${f#"$work/own/"}"
      # One of this host's own would be missing in the machine.
      echo "$needs" | awk -v all="$work/all/" -v f="$f" '
        index($3, all) == 1 { print $3; next }
        $3 ~ /^\// { print "programs: " f ": no package has " $1 > "/dev/stderr"; exit 1 }'
    elif echo "$needs" | grep -q 'not a dynamic executable\|statically linked'; then
      cp "$f" "$work/root/usr/bin/"
    else
      echo "programs: left out $(basename "$f"): ${needs##*: }" >&2
    fi
  done | sort -u >"$work/libraries"
  while read -r f; do
    to=$work/root/${f#"$work/all/"}
    mkdir -p "$(dirname "$to")"
    cp -L "$f" "$to"
  done <"$work/libraries"
  mkdir -p "$work/root/lib64"
  cp -L "$loader" "$work/root/lib64/"
  (cd "$work/root" && find . | cpio -o -H newc --quiet) >"$archive.tmp"
  mv "$archive.tmp" "$archive"
fi
echo "$archive"
