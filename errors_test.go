//go:build unix

package pollux_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"golang.org/x/sys/unix"
)

// Errors are *os.SyscallError around the errno. EINTR is not an error.

func TestErrors(t *testing.T) { onEveryPoller(t, testErrors) }

func testErrors(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	const gone = 1 << 20 // a number that is not in use
	plain, err := os.Create(filepath.Join(bare.Dir(t), "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()

	unless := func(allowed bool, err error) error {
		if allowed {
			return nil
		}
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want error
	}{
		{"add what is there", p.Add(a, mine), unless(p.replaces, unix.EEXIST)},
		{"add it under another token", p.Add(a, pollux.MakeToken(9, 9)), unless(p.replaces, unix.EEXIST)},
		{"add a plain file", p.Add(int(plain.Fd()), pollux.MakeToken(1, 1)), unless(p.files, unix.EPERM)},
		{"add what is not open", p.Add(gone, pollux.MakeToken(1, 1)), unix.EBADF},
		{"add what never was", p.Add(-1, pollux.MakeToken(1, 1)), unix.EBADF},
		{"delete what is not there", p.Delete(b, mine), unix.ENOENT},
		{"delete what is not open", p.Delete(gone, mine), unix.EBADF},
		{"delete", p.Delete(a, mine), nil},
		{"delete again", p.Delete(a, mine), unix.ENOENT},
		{"wait without room", func() error { _, err := p.Wait(nil, 0); return err }(), unix.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == nil {
				if tt.err != nil {
					t.Errorf("got %v", tt.err)
				}
				return
			}
			var call *os.SyscallError
			if !errors.Is(tt.err, tt.want) || !errors.As(tt.err, &call) {
				t.Errorf("got %#v, want an *os.SyscallError around %v", tt.err, tt.want)
			}
		})
	}
}
