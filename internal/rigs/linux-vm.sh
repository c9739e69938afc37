#!/usr/bin/env bash
# linux-vm.sh - run one static Linux program, such as a Go test binary, in a
# small virtual machine whose kernel has the socket families the host lacks.
# The program sh is the machine's own shell, busybox.
#
#   linux-vm.sh [-k KERNEL] [-s SUITE] [-m "MODULE..."] [-c CPUS] [-M MEGABYTES]
#               [-t SECONDS] [-f PATH]... [-a ARCHIVE]... [-v] [-b [-r]] PROGRAM [ARGUMENT...]
#
# The program's output is this script's output, and its exit status this
# script's exit status (125: the machine itself failed; 124: it ran too long).
# It suits go test directly, with a machine for each package:
#
#   CGO_ENABLED=0 go test -exec /path/to/linux-vm.sh ./...
#
#   -k  Debian kernel flavour: amd64 (6.1, default), 6.12-amd64, cloud-amd64, ...
#   -s  take the kernel from another Debian suite (trixie, sid) by suite-apt.sh
#   -m  modules to load, in place of the default (every socket family)
#   -c  virtual CPUs (2)       -M  memory in MiB (512)      -t  time limit (300)
#   -f  a further file or folder to put into the machine, at the same path (links
#       are followed)
#   -a  a cpio archive (newc) to put into the machine, as programs.sh makes one
#   -v  show the kernel's console too
#   -b  bare: the program is the machine's first process. The machine holds the program,
#       /dev/console and /dev/null, and nothing else: no modules, no files, no /proc, no shell,
#       and its loopback interface is down. NAME=VALUE before PROGRAM is a variable for it.
#   -r  with -b: nothing can be made in /tmp and /etc, as where the file system is read-only
# Each option has a variable as well, for use under go test -exec:
# RIG_KERNEL, RIG_SUITE, RIG_MODULES, RIG_CPUS, RIG_MEMORY, RIG_TIMEOUT, RIG_FILES,
# RIG_ARCHIVES, RIG_VERBOSE.
#
# The program runs as root in a copy of the folder the script was started in
# (only its testdata folder is copied). Files named by -test.*profile=,
# -test.trace=, -test.gocoverdir= and -test.outputdir= come back. Variables
# named RIG_ENV_X are handed in as X; GO* and FAMILIES_* are handed in as they are.
#
# Needs: qemu-system-x86 kmod cpio xz-utils zstd. The kernel and busybox are
# fetched with apt-get download, unpacked (never installed) and kept under
# ${RIG_CACHE:-$HOME/.cache/rigs}.
set -euo pipefail

usage() { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
die() { echo "linux-vm: $*" >&2; exit 125; }

here=$(cd "$(dirname "$(realpath "$0")")" && pwd)
# shellcheck source=internal/rigs/download.sh
. "$here/download.sh"
kernel=${RIG_KERNEL:-amd64} suite=${RIG_SUITE:-} cpus=${RIG_CPUS:-2} memory=${RIG_MEMORY:-512}
limit=${RIG_TIMEOUT:-300} files=${RIG_FILES:-} archives=${RIG_ARCHIVES:-} verbose=${RIG_VERBOSE:-}
modules=${RIG_MODULES:-"vcan can-raw can-bcm can-isotp can-j1939 tipc
  crypto_user algif_hash algif_skcipher algif_aead algif_rng gcm ctr ghash-generic chacha20poly1305 sha3_generic sha512_generic jitterentropy_rng drbg ansi_cprng
  vsock_loopback rds rds_tcp qrtr hci_vhci rfcomm bnep hidp
  sctp veth dummy tun sch_netem sch_tbf tls unix_diag inet_diag tcp_diag udp_diag"}
bare= readonly=
while getopts k:s:m:c:M:t:f:a:vbrh o; do
  case $o in
    k) kernel=$OPTARG ;; s) suite=$OPTARG ;; m) modules=$OPTARG ;; c) cpus=$OPTARG ;; M) memory=$OPTARG ;;
    t) limit=$OPTARG ;; f) files+=" $OPTARG" ;; a) archives+=" $OPTARG" ;;
    v) verbose=1 ;; b) bare=1 ;; r) readonly=1 ;; *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || usage
[ "$(uname -sm)" = 'Linux x86_64' ] || die "the kernel and the machine are for Linux on x86-64, this is $(uname -sm)"
variables=()
while [ -n "$bare" ] && [[ $1 == [A-Z]*=* ]]; do variables+=("$1"); shift; done
program=$1; shift
cache=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rigs}
PATH=$PATH:/usr/sbin:/sbin
for tool in qemu-system-x86_64 cpio depmod modprobe xz zstd; do
  command -v $tool >/dev/null || die "$tool is missing"
done

# --- the kernel: fetched once, unpacked, uncompressed, kept --------------------

# unpack_kernel DIR: the flavour's package into DIR, with DIR/vmlinux and DIR/release.
unpack_kernel() {
  local dir=$1 package part parts offset release z
  known "linux-image-$kernel"
  package=$(apt apt-cache depends "linux-image-$kernel" | awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ && !p { p = $2 } END { print p }')
  [ -n "$package" ] || die "apt knows no linux-image-$kernel (apt-get update?)"
  # Newer suites keep the image and the modules in packages of their own.
  mapfile -t parts < <(apt apt-cache depends "$package" | awk '$1 == "Depends:" && $2 ~ /^linux-(base|binary|modules)-[0-9]/ { print $2 }')
  rm -rf "$dir.tmp"; mkdir -p "$dir.tmp"
  download "$dir.tmp" "$package" "${parts[@]}" busybox-static
  [ -x "$dir.tmp/bin/busybox" ] || { mkdir -p "$dir.tmp/bin"; cp "$dir.tmp/usr/bin/busybox" "$dir.tmp/bin/"; }
  [ -d "$dir.tmp/lib/modules" ] || ln -s usr/lib "$dir.tmp/lib"
  ls "$dir.tmp/lib/modules" >"$dir.tmp/release"
  # A bzImage unpacks itself, which takes seconds when emulated. Unpack it here
  # and boot the ELF image through its PVH entry. The boot protocol's header
  # gives the payload's place (0x248) and length (0x24c) after the setup sectors.
  release=$(cat "$dir.tmp/release")
  z=$dir.tmp/boot/vmlinuz-$release
  [ -e "$z" ] || z=$dir.tmp/lib/modules/$release/vmlinuz
  num() { od -An -tu"$2" -j"$1" -N"$2" "$z" | tr -d ' '; }
  offset=$((($(num 497 1) + 1) * 512 + $(num 584 4)))
  part="$dir.tmp/payload"
  dd if="$z" of="$part" bs=1M iflag=skip_bytes,count_bytes skip=$offset count="$(num 588 4)" status=none
  case $(od -An -tx1 -N4 "$part" | tr -d ' ') in
    fd377a58) xz -dc --single-stream <"$part" 2>/dev/null >"$dir.tmp/vmlinux" || true ;;
    28b52ffd) zstd -dcq <"$part" 2>/dev/null >"$dir.tmp/vmlinux" || true ;;
    1f8b0800) gzip -dc <"$part" 2>/dev/null >"$dir.tmp/vmlinux" || true ;;
    *) cp "$z" "$dir.tmp/vmlinux" ;; # packed otherwise: let it unpack itself
  esac # the last four bytes are a length, which the unpackers call trailing rubbish
  rm "$part"
  depmod -b "$dir.tmp" "$release"
  rm -rf "$dir"; mv "$dir.tmp" "$dir"
}

# base_image FILE: busybox, the init and the modules, as one cpio archive.
base_image() {
  local root m f release
  release=$(cat "$kdir/release")
  root=$(mktemp -d)
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,out,etc,lib/modules,root}
  cp "$kdir/bin/busybox" "$root/bin/busybox"
  echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
  printf '%s\n' 'echo 7/tcp' 'echo 7/udp' 'daytime 13/tcp' 'domain 53/tcp' 'domain 53/udp' 'http 80/tcp' >"$root/etc/services"
  printf '%s\n' 'ip 0 IP' 'icmp 1 ICMP' 'tcp 6 TCP' 'udp 17 UDP' 'sctp 132 SCTP' 'udplite 136 UDPLite' >"$root/etc/protocols"
  for f in /etc/services /etc/protocols; do [ ! -e $f ] || cp $f "$root/etc/"; done # package netbase
  init_script >"$root/init"; chmod +x "$root/init"
  # Modules in the order in which they must be loaded, each once, unpacked.
  for m in $modules; do
    modprobe -d "$kdir" -S "$release" --show-depends "$m" 2>/dev/null |
      awk '$1 == "insmod" { print $2 }' || echo "linux-vm: no module $m in $release" >&2
  done | awk '!seen[$0]++' | while read -r f; do
    m=$(basename "$f"); m=${m%%.ko*}.ko
    case $f in *.xz) xz -dc "$f" ;; *.zst) zstd -dcq "$f" ;; *) cat "$f" ;; esac >"$root/lib/modules/$m"
    echo "$m"
  done >"$root/lib/modules/order"
  (cd "$root" && find . | cpio -o -H newc --quiet) >"$1.tmp"
  mv "$1.tmp" "$1"; rm -rf "$root"
}

# The first process of the machine. ttyS0 is the kernel's console, ttyS1 the
# program's output, ttyS2 takes the archive of results.
init_script() {
  cat <<'INIT'
#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp
/bin/busybox --install -s /bin 2>/dev/null # what an archive has brought stays
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts devpts /dev/pts; mount -t tmpfs tmpfs /dev/shm
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
ln -s /proc/self/fd /dev/fd
stty -F /dev/ttyS1 raw -echo; stty -F /dev/ttyS2 raw -echo
while read -r m; do insmod /lib/modules/$m || echo "rig: $m: not loaded"; done </lib/modules/order
ip link set lo up
hostname rig
ulimit -n 1048576
echo "rig: ready at $(cut -d' ' -f1 /proc/uptime) s"
. /run.env
. /run.sh >/dev/ttyS1 2>&1 </dev/null
echo $? >/out/status
echo "rig: done at $(cut -d' ' -f1 /proc/uptime) s"
(cd / && find out $(cat /run.back) 2>/dev/null | cpio -o -H newc 2>/dev/null) >/dev/ttyS2
stty -F /dev/ttyS1 raw; stty -F /dev/ttyS2 raw # waits until all has gone out
reboot -f
INIT
}

# machine ARGUMENT...: becomes qemu, with what both kinds of run have in common. Start it with &.
# microvm without ACPI has no way to switch off, but -no-reboot ends qemu on a
# reboot, which reboot=t makes a triple fault. panic=-1 does the same at once.
machine() {
  exec timeout -k 5 "$limit" \
    qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot \
    -M microvm,acpi=off,isa-serial=off -accel tcg,thread=multi,tb-size=128 -cpu max \
    -smp "$cpus" -m "$memory" -kernel "$kdir/vmlinux" "$@" </dev/null
}
append="console=ttyS0 quiet loglevel=4 reboot=t panic=-1 mitigations=off random.trust_cpu=on \
8250.nr_uarts=4 module.sig_enforce=0 audit=0 no_timer_check ${RIG_APPEND:-}"

# run_bare ARGUMENT...: the program as the first process. Its end is a panic of the kernel,
# which tells its wait status.
run_bare() {
  local work root rc=0 code
  work=$(mktemp -d); root=$work/root
  mkdir -p "$root/dev"
  cp "$(realpath -e -- "$program")" "$root/init"; chmod +x "$root/init"
  [ -z "$readonly" ] || touch "$root/tmp" "$root/etc" # files, and no folders
  mknod "$root/dev/console" c 5 1; mknod -m 666 "$root/dev/null" c 1 3
  (cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initrd"
  machine -initrd "$work/initrd" -append "$append ${variables[*]} -- $*" \
    -chardev file,id=c0,path="$work/console" -device isa-serial,index=0,chardev=c0 &
  trap "kill $! 2>/dev/null || true; rm -rf '$work'" EXIT
  wait $! || rc=$?
  trap "rm -rf '$work'" EXIT
  tr -d '\r' <"$work/console" >"$work/text"
  code=$(sed -n 's/.*Attempted to kill init! exitcode=\(0x[0-9a-f]*\).*/\1/p' "$work/text" | head -1)
  if [ -n "$verbose" ]; then cat "$work/text"; else sed '/Kernel panic - not syncing: Attempted to kill init/,$d' "$work/text"; fi
  [ $rc != 124 ] || { echo "linux-vm: over $limit s, stopped" >&2; exit 124; }
  [ -n "$code" ] || die "the machine ended without a result"
  [ $((code & 127)) = 0 ] || exit $((128 + (code & 127)))
  exit $((code >> 8 & 255))
}

kdir=$cache/linux/${suite:+$suite-}$kernel
mkdir -p "$cache/linux"
exec 9>"$cache/linux/lock"; flock 9
if [ ! -s "$kdir/vmlinux" ] || [ ! -x "$kdir/bin/busybox" ]; then unpack_kernel "$kdir"; fi
if [ -n "$bare" ]; then
  flock -u 9; exec 9>&-
  run_bare "$@"
fi
base=$kdir/base-$(echo "$modules $(declare -f base_image init_script)" | sha256sum | cut -c1-16).cpio
[ -s "$base" ] || base_image "$base"
flock -u 9; exec 9>&-

# --- this run: the program, its arguments and its files ------------------------

work=$(mktemp -d); qemu=
trap '[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root$PWD" "$root/rig"
inside=$program # sh: that of the machine
if [ "$program" != sh ]; then
  inside=/rig/$(basename "$program")
  cp "$(realpath -e -- "$program")" "$root$inside"; chmod +x "$root$inside"
fi
[ ! -d testdata ] || cp -a testdata "$root$PWD/"
for f in $files; do
  f=$(realpath -es -- "$f"); mkdir -p "$root$(dirname "$f")"; cp -aL "$f" "$root$f"
done
back=
for a in "$@"; do
  case $a in
    -test.gocoverdir=/* | -test.outputdir=/*) p=${a#*=}; mkdir -p "$root$p"; back+=" ${p#/}" ;;
    -test.*profile=/* | -test.trace=/* | -test.testlogfile=/*)
      p=${a#*=}; mkdir -p "$root$(dirname "$p")"; back+=" ${p#/}" ;;
  esac
done
echo "$back" >"$root/run.back"
{ # variables
  export -p | sed -n 's/^declare -x \(\(GO\|FAMILIES_\)[A-Z0-9_]*=.*\)/export \1/p; s/^declare -x RIG_ENV_/export /p' |
    grep -v '^export \(GOROOT\|GOPATH\|GOCACHE\|GOMODCACHE\|GOPROXY\|GOFLAGS\)=' || true
} >"$root/run.env"
printf 'cd %q &&' "$PWD" >"$root/run.sh"
printf ' %q' "$inside" "$@" >>"$root/run.sh"
echo >>"$root/run.sh"
cp "$base" "$work/initrd"
for a in $archives; do cat "$a" >>"$work/initrd"; done
(cd "$root" && find . | cpio -o -H newc --quiet) >>"$work/initrd"

# An emulated processor now and then trips over a place where the kernel has just patched its own
# code (int3, a panic) while it starts. The program has not run then, and the machine starts again.
for try in 1 2 3; do
  machine -initrd "$work/initrd" -append "$append" \
    -chardev file,id=c0,path="$work/console" -device isa-serial,index=0,chardev=c0 \
    -chardev stdio,id=c1,signal=off -device isa-serial,index=1,chardev=c1 \
    -chardev file,id=c2,path="$work/results" -device isa-serial,index=2,chardev=c2 &
  qemu=$! rc=0
  wait "$qemu" || rc=$?
  qemu=
  if [ $rc = 124 ] || grep -q '^rig: ready' "$work/console"; then break; fi
  echo "linux-vm: the kernel did not start (attempt $try)" >&2
done
[ -z "$verbose" ] || tr -d '\r' <"$work/console" >&2
[ $rc != 124 ] || { echo "linux-vm: over $limit s, stopped" >&2; exit 124; }
mkdir "$work/back"
(cd "$work/back" && cpio -idm --quiet <"$work/results" 2>/dev/null) || true
[ -s "$work/back/out/status" ] || { tail -30 "$work/console" >&2; die "the machine ended without a result"; }
for p in $back; do
  [ ! -e "$work/back/$p" ] || { mkdir -p "$(dirname "/$p")"; cp -a -T "$work/back/$p" "/$p"; }
done
status=$(cat "$work/back/out/status")
if [ "$status" != 0 ]; then # a process that a fault of the kernel has ended looks like one that was killed
  tr -d '\r' <"$work/console" | grep -aE 'BUG: |Oops|general protection fault|Out of memory' | head -5 |
    sed 's/^/linux-vm: the kernel said: /' >&2
fi
exit "$status"
