#!/usr/bin/env bash
# suite-apt.sh - run apt against another suite of the Debian mirror this machine
# already uses, without touching the machine's own apt configuration.
#
#   suite-apt.sh SUITE apt-get download PACKAGE...
#   suite-apt.sh SUITE apt-cache policy PACKAGE...
#
# The suite's lists are fetched once a day into ${RIG_CACHE:-$HOME/.cache/rigs}.
# Nothing can be installed this way: it is for downloading and unpacking.
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "$0"; exit 2; }
suite=$1; shift
dir=${RIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rigs}/apt/$suite
mkdir -p "$dir"/lists/partial "$dir"/cache/archives/partial
touch "$dir/status"
# shellcheck disable=SC2016 # apt expands it
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | sort -u | sed -n 1p)
[ -n "$mirror" ] || { echo "suite-apt: no Debian mirror is configured here" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$dir/sources.list"
cat >"$dir/apt.conf" <<CONF
Dir::Etc::SourceList "$dir/sources.list";
Dir::Etc::SourceParts "-";
Dir::State::Lists "$dir/lists";
Dir::State::Status "$dir/status";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$dir/apt.conf
exec 8>"$dir/lock"; flock 8
[ -n "$(find "$dir/updated" -mtime -1 2>/dev/null)" ] || { apt-get -qq update >&2; touch "$dir/updated"; }
flock -u 8
exec "$@"
