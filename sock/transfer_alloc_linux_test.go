//go:build !race

package sock_test

import (
	"io"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The race detector makes sync.Pool drop values at random, so this test is not built with it.

// A File reads and writes without an allocation, and so does Sendmsg of few buffers, in every view.
func TestTransferAllocatesNothing(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	p := make([]byte, 100)
	few, many := make([][]byte, 16), make([][]byte, 17)
	for i := range many {
		many[i] = hello
	}
	copy(few, many)
	measure := func(who string, a *sock.Socket) {
		out, in := makefile(t, a, "wb", -1), makefile(t, b, "rb", -1)
		for name, call := range map[string]func() (int, error){
			"File": func() (int, error) {
				if _, err := out.Write(hello); err != nil {
					return 0, err
				}
				if err := out.Flush(); err != nil {
					return 0, err
				}
				return io.ReadFull(in, p[:len(hello)])
			},
			"Sendmsg of few": func() (int, error) {
				if _, err := a.Sendmsg(few, nil, 0, sock.Addr{}); err != nil {
					return 0, err
				}
				return b.RecvInto(p, 0)
			},
			"Sendmsg of many": func() (int, error) {
				if _, err := a.Sendmsg(many, nil, 0, sock.Addr{}); err != nil {
					return 0, err
				}
				return b.RecvInto(p, 0)
			},
		} {
			if n := testing.AllocsPerRun(100, func() {
				if _, err := call(); err != nil {
					t.Error(err)
				}
			}); n != 0 && (name != "File" || who != "context") {
				t.Errorf("%s, %s: %v allocations", name, who, n)
			}
		}
		in.Close()
	}
	measure("goroutine", a)
	measure("context", a.With(t.Context())) // the Socket's: a File with a context joins it with its own end
	inTask(t, func(task *loop.Task) error {
		measure("task", a.In(task))
		return nil
	})
}

// A Sendfile allocates what package os needs to describe the file, and the call's own record.
// Nothing grows with the size of the file.
func TestSendfileAllocates(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	f := onDisk(t, hello)
	p := make([]byte, 100)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := a.Sendfile(f, 0, -1); err != nil {
			t.Error(err)
		}
		if n, err := b.RecvInto(p, 0); n != len(hello) || err != nil {
			t.Error(n, err)
		}
	}); n > 3 {
		t.Errorf("%v allocations, want 3", n)
	}
}
