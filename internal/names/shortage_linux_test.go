package names

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// A host that seems unknown because the hosts file could not be opened may exist: the answer is
// temporary, and has the reason.
func TestUnknownForLackOfDescriptors(t *testing.T) {
	unknown := func() *net.DNSError { return &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true} }
	code := func(err error) Code {
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("%v is no *Error", err)
		}
		return e.Code
	}
	if got := code(coded(unknown(), UnknownName, Again)); got != UnknownName {
		t.Errorf("with descriptors: %v, want %v", got, UnknownName)
	}

	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	lower := limit
	lower.Cur = 64
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	var files []*os.File
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		files = append(files, f)
	}
	err := coded(unknown(), UnknownName, Again)
	if got := code(err); got != Again || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("without descriptors: %v (%v), want %v and EMFILE", got, err, Again)
	}
}
