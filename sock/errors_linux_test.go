package sock_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// The texts are those of gai_strerror(3), by glibc's numbers.
func TestGaiErrorText(t *testing.T) { // item 2
	for _, test := range []struct {
		code int
		want string
	}{
		{-2, "[Errno -2] Name or service not known"},
		{-3, "[Errno -3] Temporary failure in name resolution"},
		{-6, "[Errno -6] ai_family not supported"},
		{-7, "[Errno -7] ai_socktype not supported"},
		{-8, "[Errno -8] Servname not supported for ai_socktype"},
		{-9, "[Errno -9] Address family for hostname not supported"},
		{123456, "[Errno 123456] Unknown error"},
	} {
		if text := (&sock.GaiError{Code: test.code}).Error(); text != test.want {
			t.Errorf("%q, want %q", text, test.want)
		}
	}
}

// The texts are those of hstrerror(3), by the numbers of <netdb.h>.
func TestHErrorText(t *testing.T) { // items 1, 4
	cause := errors.New("cause")
	for code, want := range map[int]string{
		1:    "[Errno 1] Unknown host",
		2:    "[Errno 2] Host name lookup failure",
		3:    "[Errno 3] Unknown server error",
		4:    "[Errno 4] No address associated with name",
		9999: "Unknown resolver error",
		-1:   "Unknown resolver error",
	} {
		err := &sock.HError{Code: code, Err: cause}
		if !strings.Contains(err.Error(), want) || !errors.Is(err, cause) {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
