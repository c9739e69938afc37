package sock_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestStringForm(t *testing.T) { // item 26
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	laddr, raddr := socktest.Name(t, a), socktest.Name(t, b)
	want := "fd=" + strconv.Itoa(a.Fileno()) + ", family=inet, type=SOCK_STREAM, proto=0, laddr=" + laddr.String() +
		", raddr=" + raddr.String() + ">"
	if text := a.String(); !strings.HasSuffix(text, want) || strings.Contains(text, "[closed]") {
		t.Errorf("a connected one: %s, want the end %s", text, want)
	}
	s := socktest.TCP.New(t)
	if text := s.String(); strings.Contains(text, "raddr") || !strings.Contains(text, "laddr=0.0.0.0:0") {
		t.Errorf("one that is not connected: %s", text)
	}
	s.Close()
	want = "<sock.Socket [closed] fd=-1, family=inet, type=SOCK_STREAM, proto=0>"
	if text := s.String(); text != want {
		t.Errorf("a closed one: %s, want %s", text, want)
	}
}

// Addresses without content are left out.
func TestStringFormWithoutAddresses(t *testing.T) { // item 26
	if sock.EmulatesPair {
		t.Skip("the pairs of this system have addresses: run this on one with socketpair(2)")
	}
	socktest.Check(t)
	a, b, err := sock.Pair(-1, -1, -1)
	socktest.Must(t, err)
	defer a.Close()
	defer b.Close()
	want := "<sock.Socket fd=" + strconv.Itoa(a.Fileno()) + ", family=unix, type=SOCK_STREAM, proto=0>"
	if text := a.String(); text != want {
		t.Errorf("%s, want %s", text, want)
	}
}
