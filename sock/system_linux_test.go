package sock_test

import (
	"errors"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
)

// Tests that depend on the files of the system, its interfaces and its name run in a separate
// process. It has its own user, mount, network and UTS namespaces, and a server on port 53 of its
// own loopback.

const systemOrder = "POLLUX_TEST_HOSTS" // the order of nsswitch.conf, in the environment of such a process

var systemFiles = map[string]string{
	"/etc/resolv.conf": "nameserver 127.0.0.1\nsearch corp.test lab.test\noptions timeout:1 attempts:1\n",
	"/etc/hosts": `
127.0.0.1   localhost localhost.localdomain
192.0.2.60  hosted.test hosted h   # and no more
192.0.2.61  multi.test multi
192.0.2.62  multi.test
2001:db8::61 multi.test
192.0.2.99  where.test
192.0.2.98  half.test
192.0.2.60  second.hosted.test
`,
}

var systemZone = map[string]dnsHost{
	"where.test.":     {a: []string{"192.0.2.1"}},
	"half.test.":      {aaaa: []string{"2001:db8::1"}},
	"silent.test.":    testZone["silent.test."],
	"host.corp.test.": {a: []string{"192.0.2.33"}},
	"other.lab.test.": {a: []string{"192.0.2.34"}},
	"me.corp.test.":   {a: []string{"192.0.2.70"}},

	"33.2.0.192.in-addr.arpa.": {ptr: []string{"host.corp.test."}},
	"34.2.0.192.in-addr.arpa.": {ptr: []string{"other.lab.test."}},
	"70.2.0.192.in-addr.arpa.": {ptr: []string{"me.corp.test."}},
}

func TestSystem(t *testing.T) {
	for _, order := range []string{"files dns", "dns files", "files"} {
		t.Run(order, func(t *testing.T) {
			cmd := bare.Program(t, "-test.run=^TestInSystem$", "-test.v")
			cmd.Env = append(os.Environ(), systemOrder+"="+order)
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS,
				UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
			}
			out, err := cmd.CombinedOutput()
			if errors.As(err, new(syscall.Errno)) {
				t.Skipf("no namespaces: %v: allow them to users, or run the test as root", err)
			}
			if strings.Contains(string(out), "--- SKIP") {
				t.Skipf("%s", out)
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestInSystem(t *testing.T) {
	order := os.Getenv(systemOrder)
	if order == "" {
		t.Skip("TestSystem runs it in a process of its own")
	}
	enterSystem(t, order)
	s := serveDNS(t, "127.0.0.1:53", systemZone)
	ctx := t.Context()
	first := func(host string) string {
		infos, err := sock.Getaddrinfo(ctx, host, "", &sock.Hints{Type: sock.SOCK_STREAM, Flags: sock.AI_CANONNAME})
		if err != nil {
			return gaiWords(err)
		}
		return infos[0].Canonname + " " + infos[0].Addr.Host()
	}

	// nsswitch.conf selects the sources and their order.
	where, host, other := "where.test 192.0.2.99", "host.corp.test 192.0.2.33", "other.lab.test 192.0.2.34"
	switch order {
	case "dns files":
		where = "where.test 192.0.2.1"
	case "files":
		host, other = noName, noName
	}
	for name, want := range map[string]string{
		"where.test": where, "host": host, "other": other, // resolv.conf says in which domains a name is searched
		"hosted": "hosted.test 192.0.2.60", "H": "hosted.test 192.0.2.60", "nosuch": noName,
	} {
		if got := first(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if order == "files" {
		if asked := s.questions(); asked != nil {
			t.Errorf("a server is asked %q", asked)
		}
		return
	}
	if order != "files dns" {
		return
	}

	t.Run("hosts", func(t *testing.T) { // items 162, 167
		if infos, err := sock.Getaddrinfo(ctx, "multi.test", "80", &sock.Hints{Type: sock.SOCK_STREAM}); err != nil ||
			!sameHosts(infos, "192.0.2.61:80", "192.0.2.62:80", "[2001:db8::61]:80") {
			t.Errorf("multi.test: %v, %v", hosts(infos), err)
		}
		if infos, err := sock.Getaddrinfo(ctx, "hosted", "80", &sock.Hints{Family: sock.AF_INET6}); gaiCode(err) != sock.EAI_NODATA {
			t.Errorf("a host without an address of the family: %v, %v", infos, err)
		}
		// glibc would ask the server for an address of the family, and it has one.
		if infos, err := sock.Getaddrinfo(ctx, "half.test", "80", &sock.Hints{Family: sock.AF_INET6}); gaiCode(err) != sock.EAI_NODATA {
			t.Errorf("a host whose other address only the server knows: %v, %v", infos, err)
		}
		for name, want := range map[string]sock.Hostent{
			"hosted":     {Name: "hosted.test", Aliases: []string{"hosted", "h"}, Addrs: []string{"192.0.2.60"}},
			"multi.test": {Name: "multi.test", Aliases: []string{"multi"}, Addrs: []string{"192.0.2.61", "192.0.2.62"}},
			"host":       {Name: "host.corp.test", Addrs: []string{"192.0.2.33"}},
		} {
			if got, err := sock.GethostbynameEx(ctx, name); !reflect.DeepEqual(got, want) || err != nil {
				t.Errorf("GethostbynameEx(%s) = %+v, %v, want %+v", name, got, err, want)
			}
		}
		want := sock.Hostent{Name: "hosted.test", Aliases: []string{"hosted", "h"}, Addrs: []string{"192.0.2.60"}}
		for _, name := range []string{"192.0.2.60", "h", "second.hosted.test"} {
			if got, err := sock.Gethostbyaddr(ctx, name); !reflect.DeepEqual(got, want) || err != nil {
				t.Errorf("Gethostbyaddr(%s) = %+v, %v, want %+v", name, got, err, want)
			}
		}
		if got, err := sock.Getfqdn(ctx, "127.0.0.1"); got != "localhost.localdomain" || err != nil {
			t.Errorf("Getfqdn of an alias with a domain: %q, %v", got, err)
		}
		if got, err := sock.Gethostbyname(ctx, "hosted"); got != "192.0.2.60" || err != nil {
			t.Errorf("Gethostbyname: %q, %v", got, err)
		}
	})
	t.Run("patience", func(t *testing.T) { // resolv.conf says how long
		if _, err := sock.Getaddrinfo(ctx, "silent.test.", "80", nil); gaiCode(err) != sock.EAI_AGAIN {
			t.Errorf("%v, want EAI_AGAIN", err)
		}
	})
	t.Run("no services file", func(t *testing.T) { // items 165, 166
		if n, err := sock.Getservbyname("www", "tcp"); n != 80 || err != nil {
			t.Errorf("Getservbyname: %d, %v", n, err)
		}
		if name, err := sock.Getservbyport(53, "udp"); name != "domain" || err != nil {
			t.Errorf("Getservbyport: %q, %v", name, err)
		}
		if n, err := sock.Getprotobyname("icmp"); n != 1 || err != nil {
			t.Errorf("Getprotobyname: %d, %v", n, err)
		}
		if infos, err := sock.Getaddrinfo(ctx, "127.0.0.1", "domain", nil); sockets(infos) != "1/6:53 2/17:53" || err != nil {
			t.Errorf("Getaddrinfo: %v, %v", infos, err)
		}
	})
	t.Run("host name", func(t *testing.T) { // items 160, 167, 168
		if err := sock.Sethostname(strings.Repeat("a", 65)); !errors.Is(err, syscall.EINVAL) {
			t.Errorf("65 bytes: %v, want EINVAL", err)
		}
		socktest.Must(t, sock.Sethostname("me.corp.test"))
		if got, err := sock.Gethostname(); got != "me.corp.test" || err != nil {
			t.Errorf("Gethostname: %q, %v", got, err)
		}
		for _, name := range []string{"", "0.0.0.0", "::"} {
			if got, err := sock.Getfqdn(ctx, name); got != "me.corp.test" || err != nil {
				t.Errorf("Getfqdn(%q): %q, %v", name, got, err)
			}
		}
		for host, want := range map[string]string{"192.0.2.33": "host", "192.0.2.34": "other.lab.test"} {
			if got, _, err := sock.Getnameinfo(ctx, sock.Inet(host, 80), sock.NI_NOFQDN); got != want || err != nil {
				t.Errorf("NI_NOFQDN of %s: %q, %v, want %q", host, got, err, want)
			}
		}
		socktest.Must(t, sock.Sethostname("nosuch"))
		if got, err := sock.Getfqdn(ctx, ""); got != "nosuch" || err != nil {
			t.Errorf("Getfqdn of an unknown name: %q, %v", got, err)
		}
	})
	t.Run("alternative name", func(t *testing.T) { // items 158, 169
		const altIfname = unix.IFLA_PROP_LIST + 1 // IFLA_ALT_IFNAME, <linux/if_link.h>
		body, err := new(netlink.Builder).Bytes(netlink.LinkHeader(1, 0, 0)).Nest(unix.IFLA_PROP_LIST, func(b *netlink.Builder) {
			b.Text(altIfname, "enp0s0").Text(altIfname, "fifteen-letters")
		}).Data()
		socktest.Must(t, err)
		for _, err := range netlink.Do(netlinkSocket(t), netlink.Request{Type: unix.RTM_NEWLINKPROP, Flags: unix.NLM_F_CREATE | unix.NLM_F_APPEND, Data: body}) {
			if err != nil {
				t.Skipf("%v: needs Linux 5.5", err)
			}
		}
		if index, err := sock.IfNametoindex("enp0s0"); index != 1 || err != nil {
			t.Errorf("IfNametoindex: %d, %v, want 1", index, err)
		}
		infos, err := sock.Getaddrinfo(ctx, "fe80::1%enp0s0", "80", &sock.Hints{Type: sock.SOCK_STREAM})
		if err != nil || infos[0].Addr.ScopeID() != 1 {
			t.Errorf("Getaddrinfo: %v, %v, want scope 1", infos, err)
		}
		s := socktest.UDP6.New(t)
		zoned := func(zone string) sock.Addr {
			a, err := families.FromNet(&net.UDPAddr{IP: net.IPv6loopback, Port: 9, Zone: zone})
			socktest.Must(t, err)
			return a
		}
		if err := s.Connect(zoned("fifteen-letters")); err != nil {
			t.Errorf("Connect by a name of 15 letters: %v", err)
		}
		var unknown *sock.GaiError
		if err := s.Connect(zoned("fifteen-letters-cut")); !errors.As(err, &unknown) {
			t.Errorf("Connect by one that begins so: %v, want a *GaiError", err)
		}
	})
	t.Run("AI_ADDRCONFIG", func(t *testing.T) { // item 156
		ask := func(family sock.Family) []string {
			infos, err := sock.Getaddrinfo(ctx, "", "80", &sock.Hints{Family: family, Type: sock.SOCK_STREAM, Flags: sock.AI_ADDRCONFIG})
			if err != nil {
				return []string{gaiWords(err)}
			}
			return hosts(infos)
		}
		for _, tt := range []struct {
			addr                string // what the interfaces get in addition
			unspec, inet, inet6 []string
		}{
			{"", []string{"[::1]:80", "127.0.0.1:80"}, []string{noName}, []string{noName}},
			{"192.0.2.200", []string{"127.0.0.1:80"}, []string{"127.0.0.1:80"}, []string{noName}},
		} {
			if tt.addr != "" {
				addAddress(t, tt.addr)
			}
			for family, want := range map[sock.Family][]string{sock.AF_UNSPEC: tt.unspec, sock.AF_INET: tt.inet, sock.AF_INET6: tt.inet6} {
				if got := ask(family); !slices.Equal(got, want) {
					t.Errorf("with %q, family %d: %v, want %v", tt.addr, family, got, want)
				}
			}
		}
	})
}

// enterSystem prepares the process's own system: its files, and its loopback.
func enterSystem(t *testing.T, order string) {
	t.Helper()
	may := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Skipf("%s: %v: run the test where a process may have its own", what, err)
		}
	}
	may("its own mounts", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	may("its own /etc", unix.Mount("tmpfs", "/etc", "tmpfs", 0, ""))
	for name, text := range systemFiles {
		may(name, os.WriteFile(name, []byte(text), 0o644))
	}
	may("nsswitch.conf", os.WriteFile("/etc/nsswitch.conf", []byte("hosts: "+order+"\n"), 0o644))
	ifr, err := unix.NewIfreq("lo")
	socktest.Must(t, err)
	ifr.SetUint16(unix.IFF_UP)
	may("its own loopback", interfaceIoctl(unix.SIOCSIFFLAGS, ifr))
}

// addAddress adds another IPv4 address to the loopback interface.
func addAddress(t *testing.T, addr string) {
	t.Helper()
	packed, err := sock.InetPton(sock.AF_INET, addr)
	socktest.Must(t, err)
	ifr, err := unix.NewIfreq("lo:1")
	socktest.Must(t, err)
	socktest.Must(t, ifr.SetInet4Addr(packed))
	socktest.Must(t, interfaceIoctl(unix.SIOCSIFADDR, ifr))
}

func interfaceIoctl(request uint, ifr *unix.Ifreq) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.IoctlIfreq(fd, request, ifr)
}
