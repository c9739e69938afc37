package sock

import (
	"fmt"
	"go/constant"
	gotypes "go/types"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/genconst/catalog"
)

// The numbers and structures of every system and processor, as golang.org/x/sys has them. So the
// tables are checked for systems on which no test runs.

// systemNames has the name of each number of the tables, where it is not the same on all systems.
var systemNames = map[string]map[string]string{
	"linux":     {"ttl": "IP_TTL", "tos": "IP_TOS", "timeval": "SO_TIMESTAMP_OLD", "timespec": "SO_TIMESTAMPNS_OLD", "stamping": "SO_TIMESTAMPING_OLD"},
	"darwin":    {"linger": "SO_LINGER_SEC", "keepIdle": "TCP_KEEPALIVE", "cmsgcred": "", "tcpInfo": ""},
	"freebsd":   {"timespec": "SCM_REALTIME", "tcpInfo": ""},
	"netbsd":    {"oldSockcred": "SCM_CREDS", "cmsgcred": ""},
	"openbsd":   {"tcpInfo": ""},
	"dragonfly": {},
	"windows":   {"ttl": "", "tos": "", "congestion": "", "linger": "SO_LINGER", "addMembership": "", "dropMembership": ""},
}

func TestTablesOfEachSystem(t *testing.T) {
	loader, err := catalog.NewLoader()
	if err != nil {
		t.Skipf("%v: run this where the sources and the go command are", strings.TrimSpace(err.Error()))
	}
	for _, sys := range catalog.Systems {
		for _, goarch := range sys.GOARCHs {
			t.Run(sys.GOOS+"/"+goarch, func(t *testing.T) {
				pkg, err := loader.Target(sys.GOOS, goarch).Import(sys.XSys)
				if err != nil {
					t.Fatal(err)
				}
				checkNumbers(t, pkg, sys.GOOS, goarch)
				if sys.GOOS != "windows" { // x/sys has other structures there, and sock uses those
					checkStructures(t, pkg, sys.GOOS, gotypes.SizesFor("gc", goarch))
				}
			})
		}
	}
}

func checkNumbers(t *testing.T, pkg *gotypes.Package, goos, goarch string) {
	o, c := optionNumbersOn(goos, goarch), controlNumbersOf[goos]
	found := 0
	for field, v := range map[string]struct {
		name   string
		number int
	}{
		"linger":         {"SO_LINGER", o.linger},
		"peerpidfd":      {"SO_PEERPIDFD", o.peerpidfd},
		"bindtodevice":   {"SO_BINDTODEVICE", o.bindtodevice},
		"recverr":        {"IP_RECVERR", o.recverr},
		"recverr6":       {"IPV6_RECVERR", o.recverr6},
		"addMembership":  {"IP_ADD_MEMBERSHIP", o.addMembership},
		"dropMembership": {"IP_DROP_MEMBERSHIP", o.dropMembership},
		"blockSource":    {"MCAST_BLOCK_SOURCE", o.blockSource},
		"unblockSource":  {"MCAST_UNBLOCK_SOURCE", o.unblockSource},
		"joinSource":     {"MCAST_JOIN_SOURCE_GROUP", o.joinSource},
		"leaveSource":    {"MCAST_LEAVE_SOURCE_GROUP", o.leaveSource},
		"tcpInfo":        {"TCP_INFO", o.tcpInfo},
		"congestion":     {"TCP_CONGESTION", o.congestion},
		"ulp":            {"TCP_ULP", o.ulp},
		"userTimeout":    {"TCP_USER_TIMEOUT", o.userTimeout},
		"keepIdle":       {"TCP_KEEPIDLE", o.keepIdle},
		"keepInterval":   {"TCP_KEEPINTVL", o.keepInterval},
		"keepCount":      {"TCP_KEEPCNT", o.keepCount},

		"credentials": {"SCM_CREDENTIALS", c.credentials},
		"cmsgcred":    {"SCM_CREDS", c.cmsgcred},
		"sockcred":    {"SCM_CREDS2", c.sockcred},
		"oldSockcred": {"", c.oldSockcred},
		"pidfd":       {"SCM_PIDFD", c.pidfd},
		"rxqOvfl":     {"SO_RXQ_OVFL", c.rxqOvfl},
		"timeval":     {"SCM_TIMESTAMP", c.timeval},
		"timevalNew":  {"SO_TIMESTAMP_NEW", c.timevalNew},
		"timespec":    {"SCM_TIMESTAMPNS", c.timespec},
		"timespecNew": {"SO_TIMESTAMPNS_NEW", c.timespecNew},
		"stamping":    {"SCM_TIMESTAMPING", c.stamping},
		"stampingNew": {"SO_TIMESTAMPING_NEW", c.stampingNew},
		"txtime":      {"SCM_TXTIME", c.txtime},
		"pktinfo":     {"IP_PKTINFO", c.pktinfo},
		"dstaddr":     {"IP_RECVDSTADDR", c.dstaddr},
		"ttl":         {"IP_RECVTTL", c.ttl},
		"tos":         {"IP_RECVTOS", c.tos},
		"origdst":     {"IP_ORIGDSTADDR", c.origdst},
		"recverrItem": {"IP_RECVERR", c.recverr},
		"pktinfo6":    {"IPV6_PKTINFO", c.pktinfo6},
		"hoplimit":    {"IPV6_HOPLIMIT", c.hoplimit},
		"tclass":      {"IPV6_TCLASS", c.tclass},
		"origdst6":    {"IPV6_ORIGDSTADDR", c.origdst6},
	} {
		name := v.name
		if special, ok := systemNames[goos][field]; ok {
			name = special
		}
		is := catalog.Lookup(pkg, name)
		if is == nil {
			continue // only the header has it
		}
		found++
		if n, ok := constant.Int64Val(constant.ToInt(is.Val())); !ok || n != int64(v.number) {
			t.Errorf("%s is %v there, and %d in the table of %s", name, is.Val(), v.number, field)
		}
	}
	if found < 5 {
		t.Errorf("only %d of the names are known", found)
	}
}

// The fields of each structure, as "offset:size".
func checkStructures(t *testing.T, pkg *gotypes.Package, goos string, sizes gotypes.Sizes) {
	long := int(sizes.Sizeof(gotypes.Typ[gotypes.Uintptr]))
	want := map[string]string{
		"Linger":       "0:4 4:4",
		"IPMreq":       "0:4 4:4",
		"IPMreqn":      "0:4 4:4 8:4",
		"IPv6Mreq":     "0:16 16:4",
		"Inet4Pktinfo": "0:4 4:4 8:4",
		"Inet6Pktinfo": "0:16 16:4",
		"Ucred":        "0:4 4:4 8:4",
		"Cmsghdr":      "0:4 4:4 8:4",
		"PollFd":       "0:4 4:2 6:2",
	}
	switch {
	case goos == "linux" && long == 8:
		want["Cmsghdr"] = "0:8 8:4 12:4"
	case goos == "darwin":
		delete(want, "Ucred") // another structure of that name
	}
	for name, fields := range want {
		if got := layoutOf(sizes, pkg, name); got != "" && got != fields {
			t.Errorf("%s: %s, want %s", name, got, fields)
		}
	}
	for _, name := range []string{"Timeval", "Timespec"} {
		switch got := layoutOf(sizes, pkg, name); got {
		case "0:8 8:8", "0:4 4:4", "0:8 8:4": // 12 bytes, or 16 with padding
		default:
			t.Errorf("%s: %s: timeval.go has no such form", name, got)
		}
	}
	if goos != "linux" { // x/sys has no field of <sys/event.h> wider than these
		ident := layoutOf(sizes, pkg, "Kevent_t")
		if first := fmt.Sprintf("0:%d %d:", long, long); len(ident) < len(first) || ident[:len(first)] != first {
			t.Errorf("struct kevent: %s, want %s…", ident, first)
		}
	}
}

// layoutOf returns the offsets and sizes of the fields of a structure, without padding, or "" if
// the package lacks it.
func layoutOf(sizes gotypes.Sizes, pkg *gotypes.Package, name string) (text string) {
	of := pkg.Scope().Lookup(name)
	if of == nil {
		return ""
	}
	s, ok := of.Type().Underlying().(*gotypes.Struct)
	if !ok {
		return ""
	}
	var fields []*gotypes.Var
	for f := range s.Fields() {
		fields = append(fields, f)
	}
	for i, at := range sizes.Offsetsof(fields) {
		if name := fields[i].Name(); name == "_" || len(name) > 3 && name[:3] == "Pad" {
			continue
		}
		text += fmt.Sprintf(" %d:%d", at, sizes.Sizeof(fields[i].Type()))
	}
	return text[1:]
}
