//go:build unix

package protocol

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/sock"
)

// A reserve is a descriptor that is open for the time when no other can be opened: it is closed to
// accept a connection, which is closed at once.
type reserve struct {
	mu   sync.Mutex
	file *os.File // mu
}

// fill opens the descriptor if it is not open. If it cannot, newcomers hang in the backlog when
// descriptors have run out.
func (r *reserve) fill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open()
}

func (r *reserve) open() {
	if r.file == nil {
		r.file, _ = os.Open(os.DevNull)
	}
}

func (r *reserve) empty() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
}

// mostRefused is how many newcomers are shown out in a row.
const mostRefused = 64

// refuse accepts and closes what waits in the backlog, and returns how many that were.
func (r *reserve) refuse(ln *sock.Socket) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	raw, err := ln.SyscallConn()
	if err != nil || r.file == nil {
		return 0
	}
	r.file.Close()
	r.file = nil
	raw.Control(func(fd uintptr) {
		for n < mostRefused {
			c, _, err := unix.Accept(int(fd))
			if err == syscall.EINTR || err == syscall.ECONNABORTED {
				continue
			}
			if err != nil {
				return
			}
			unix.Close(c)
			n++
		}
	})
	r.open()
	return n
}
