package sock_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// An IPv4-compatible address has one text, that of inet_ntop(3), wherever a text comes out.
func TestCompatibleAddressHasOneText(t *testing.T) {
	const text, short = "::1.2.3.4", "::102:304"
	ip := netip.MustParseAddr(short)
	texts := map[string]string{
		"Inet6":        sock.Inet6(short, 80).Host(),
		"FromAddrPort": families.FromAddrPort(netip.AddrPortFrom(ip, 80)).Host(),
	}
	bare := func(text string) string { return strings.TrimSuffix(strings.TrimPrefix(text, "["), "]:80") }
	texts["String"] = bare(sock.Inet6(short, 80).String())
	packed := ip.As16()
	var err error
	texts["InetNtop"], err = sock.InetNtop(sock.AF_INET6, packed[:])
	socktest.Must(t, err)
	texts["Getnameinfo"], _, err = sock.Getnameinfo(t.Context(), sock.Inet6(short, 80), sock.NI_NUMERICHOST|sock.NI_NUMERICSERV)
	socktest.Must(t, err)
	infos, err := sock.Getaddrinfo(t.Context(), short, "80", &sock.Hints{Flags: sock.AI_NUMERICHOST, Type: sock.SOCK_STREAM})
	socktest.Must(t, err)
	texts["Getaddrinfo"] = infos[0].Addr.Host()
	for what, got := range texts {
		if got != text {
			t.Errorf("%s: %q, want %q", what, got, text)
		}
	}
}

// A host that a line of the hosts file names twice has each address once. /etc/hosts is another
// file in a child process alone.
func TestHostTwiceInALine(t *testing.T) {
	if os.Getenv("SOCK_TEST_HOSTS") == "" {
		hosts := filepath.Join(socktest.Dir(t), "hosts")
		socktest.Must(t, os.WriteFile(hosts, []byte("192.0.2.77 twice.test twice.test Twice.test again.test again.test\n192.0.2.77 twice.test\n192.0.2.78 Spelt.test\n"), 0o644))
		cmd := bare.Program(t, "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "SOCK_TEST_HOSTS="+hosts)
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.EPERM) || strings.Contains(string(out), "mount: operation not permitted") {
			t.Skip("run this as root:", err)
		}
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := syscall.Mount(os.Getenv("SOCK_TEST_HOSTS"), "/etc/hosts", "", syscall.MS_BIND, ""); err != nil {
		t.Fatal("mount:", err)
	}
	infos, err := sock.Getaddrinfo(t.Context(), "twice.test", "80", &sock.Hints{Type: sock.SOCK_STREAM})
	if got := hosts(infos); err != nil || !slices.Equal(got, []string{"192.0.2.77:80"}) {
		t.Errorf("Getaddrinfo: %v, %v", got, err)
	}
	h, err := sock.GethostbynameEx(t.Context(), "twice.test")
	if err != nil || h.Name != "twice.test" || len(h.Addrs) != 1 || !slices.Equal(h.Aliases, []string{"Twice.test", "again.test"}) {
		t.Errorf("GethostbynameEx: %+v, %v", h, err)
	}
	// The canonical name is spelled as in the file, whatever asks for it.
	infos, err = sock.Getaddrinfo(t.Context(), "spelt.TEST", "80", &sock.Hints{Type: sock.SOCK_STREAM, Flags: sock.AI_CANONNAME})
	if err != nil || len(infos) != 1 || infos[0].Canonname != "Spelt.test" {
		t.Errorf("Getaddrinfo: %v, %v; want Spelt.test", infos, err)
	}
	if h, err := sock.GethostbynameEx(t.Context(), "spelt.TEST"); err != nil || h.Name != "Spelt.test" {
		t.Errorf("GethostbynameEx: %+v, %v; want Spelt.test", h, err)
	}
}

// A look-up that fails for lack of descriptors can pass: it is EAI_AGAIN, with the errno.
func TestLookupWithoutDescriptors(t *testing.T) {
	giveBack := exhaust(t)
	_, err := sock.Getaddrinfo(context.Background(), "without-descriptors.invalid", "80", nil)
	_, errByName := sock.Gethostbyname(context.Background(), "without-descriptors2.invalid")
	giveBack()
	if gaiCode(err) != sock.EAI_AGAIN || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Getaddrinfo: %v, want EAI_AGAIN and EMFILE", err)
	}
	if !errors.Is(errByName, syscall.EMFILE) {
		t.Errorf("Gethostbyname: %v, want EMFILE", errByName)
	}
}
