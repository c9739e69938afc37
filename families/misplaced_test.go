package families_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

// A URL, or a network's name before an address, gives an error that names the right text.
func TestParseSaysWhatToWrite(t *testing.T) {
	for text, want := range map[string]string{
		"tcp://127.0.0.1:80":   "write 127.0.0.1:80, or give tcp:127.0.0.1:80 to sock.Dial",
		"tcp:127.0.0.1:80":     "write 127.0.0.1:80, or give tcp:127.0.0.1:80 to sock.Dial",
		"udp6:[::1]:53":        "write [::1]:53, or give udp6:[::1]:53 to sock.Dial",
		"unixgram:/run/log":    "write unix:/run/log, or give unixgram:/run/log to sock.Dial",
		"http://127.0.0.1":     "an address is no URL: write host:port",
		"inet://127.0.0.1:80":  "an address is no URL: write inet:127.0.0.1:80",
		"vsock://2:1024":       "an address is no URL: write vsock:2:1024",
		"inet6://[::1]:80":     "an address is no URL: write inet6:[::1]:80",
		"unixpacket:@abstract": "write unix:@abstract, or give unixpacket:@abstract to sock.Dial",
	} {
		_, err := families.Parse(text)
		if !errors.Is(err, families.ErrSyntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	// A host may have the name of a network, and a path may look like a URL.
	for _, text := range []string{"tcp:80", "udp:53", "unixgram:1", "unix:tcp://x", "/http://x", "unix:///run/app"} {
		a, err := families.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		again, err := a.MarshalText()
		if b, failed := families.Parse(string(again)); err != nil || failed != nil || b != a {
			t.Errorf("%s: %q, %v, %v", text, again, err, failed)
		}
	}
}

func TestAddrFamily(t *testing.T) {
	for _, test := range []struct {
		addr families.Addr
		want int
	}{
		{families.Inet("", 0), 2}, {families.Unix("/x"), 1}, {families.Raw(123, nil), 123}, {families.Addr{}, -1},
	} {
		if got := test.addr.Family(); got != test.want || got != families.Host.FamilyOf(test.addr) {
			t.Errorf("%v: %d, want %d", test.addr, got, test.want)
		}
	}
	if !families.HasFormat("vsock") || families.HasFormat("tcp") || families.HasFormat("") {
		t.Error("HasFormat")
	}
}

// A name that looks like the beginning of something else is escaped in the text, so that Parse
// reads the same address again.
func TestNamesThatLookLikeOtherText(t *testing.T) {
	for _, name := range []string{"//", "//127.0.0.1:80", "tcp", "udp:", "unix:", "hci://", "@", "[", "%2f", "raw 3"} {
		for _, a := range []families.Addr{
			families.HCINode(name), families.ALG("hash", name, 0, 0), families.ALG(name[:min(len(name), 8)], "x", 0, 0),
			families.SystemControl(name), families.Packet(name, 3), families.CAN(name), families.ISOTP(name, 1, 2),
			families.Link(name, 1, 6, nil), families.Inet(name, 80), families.Inet6(name, 80),
			families.Unix(name), families.Unix("/" + name), families.Unix("\x00" + name),
		} {
			text, err := a.MarshalText()
			if b, failed := families.Parse(string(text)); err != nil || failed != nil || b != a {
				t.Errorf("%#v: %q, %v; read as %v, %v", a, text, err, b, failed)
			}
		}
	}
}
