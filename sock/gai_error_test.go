package sock_test

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"github.com/polluxio/pollux/sock"
)

func TestGaiErrorText(t *testing.T) { // items 1, 2
	for code, want := range map[int]string{
		sock.EAI_NONAME:   "Name or service not known",
		sock.EAI_AGAIN:    "Temporary failure in name resolution",
		sock.EAI_BADFLAGS: "Bad value for ai_flags",
		sock.EAI_FAIL:     "Non-recoverable failure in name resolution",
		sock.EAI_FAMILY:   "ai_family not supported",
		sock.EAI_MEMORY:   "Memory allocation failure",
		sock.EAI_SERVICE:  "Servname not supported for ai_socktype",
		sock.EAI_SOCKTYPE: "ai_socktype not supported",
		12345:             "Unknown error",
	} {
		if got := (&sock.GaiError{Code: code}).Text(); got != want {
			t.Errorf("code %d: %q, want %q", code, got, want)
		}
	}
	dns := &net.DNSError{Err: "no such host", Name: "nosuch"}
	var err error = &sock.GaiError{Code: sock.EAI_NONAME, Err: dns}
	if runtime.GOOS == "linux" { // other systems have other numbers
		if want := "[Errno -2] Name or service not known: lookup nosuch: no such host"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if !errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME}) || errors.Is(err, &sock.GaiError{Code: sock.EAI_AGAIN}) ||
		errors.Is(err, &sock.HError{Code: sock.EAI_NONAME}) || !errors.Is(err, dns) {
		t.Errorf("errors.Is does not know %v", err)
	}
	if errors.Is(err, &sock.GaiError{Code: sock.EAI_NONAME, Err: errors.New("another cause")}) {
		t.Error("the cause does not count")
	}
}

func TestHErrorText(t *testing.T) { // items 1, 4
	base := 0
	if runtime.GOOS == "windows" {
		base = 11000
	}
	for code, want := range map[int]string{
		0: "Resolver Error 0 (no error)", 1: "Unknown host", 2: "Host name lookup failure", 3: "Unknown server error",
		4: "No address associated with name", 5: "Unknown resolver error", -1: "Unknown resolver error",
	} {
		if got := (&sock.HError{Code: base + code}).Text(); got != want {
			t.Errorf("code %d: %q, want %q", code, got, want)
		}
	}
	dns := &net.DNSError{Err: "i/o timeout", Name: "1.2.3.4", IsTimeout: true}
	err := &sock.HError{Code: base + 2, Err: dns}
	if base == 0 {
		if want := "[Errno 2] Host name lookup failure: lookup 1.2.3.4: i/o timeout"; err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
	if !errors.Is(err, &sock.HError{Code: base + 2}) || errors.Is(err, &sock.HError{Code: base + 1}) || !errors.Is(err, dns) || !err.Timeout() {
		t.Errorf("errors.Is does not know %v", err)
	}
	if (&sock.HError{Code: base + 2}).Timeout() || (&sock.GaiError{Code: sock.EAI_AGAIN}).Timeout() {
		t.Error("without a cause there is no timeout")
	}
}
