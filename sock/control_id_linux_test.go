package sock_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// On a system without kernel controls, the name of one is an address of another family. It is not
// looked up: item 204.
func TestSystemControlOfAnotherFamily(t *testing.T) {
	socktest.Check(t)
	s, err := sock.New(sock.AF_UNIX, sock.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var want *families.AddrError
	for _, a := range []sock.Addr{sock.SystemControl("com.apple.net.utun_control"), sock.SystemID(5, 1)} {
		_, err := s.Sendto([]byte("x"), 0, a)
		for what, err := range map[string]error{"connect": s.Connect(a), "bind": s.Bind(a), "sendto": err} {
			if !errors.As(err, &want) {
				t.Errorf("%s to %v: %v, want an *AddrError", what, a, err)
			}
		}
	}
}
