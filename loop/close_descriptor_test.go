package loop

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/polluxio/pollux"
)

// The descriptor itself: it is deleted before it is closed, and closed once, when the last system
// call on it is over.

func TestDescriptorIsClosed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin func(t *testing.T, fd *FD) (end func()) // a system call that is in flight during Close
	}{
		{"at once", func(*testing.T, *FD) func() { return nil }},
		{"after a read", func(t *testing.T, fd *FD) func() {
			if err := enter(fd, Read, false); err != nil {
				t.Fatal(err)
			}
			return func() { exit(fd, Read, false, Outcome{}, nil) }
		}},
		{"after a write that is not ready", func(t *testing.T, fd *FD) func() {
			if err := enter(fd, Write, false); err != nil {
				t.Fatal(err)
			}
			return func() { exit(fd, Write, false, Outcome{}, ErrAgain) }
		}},
		{"after a read and a write", func(t *testing.T, fd *FD) func() {
			enter(fd, Read, false)
			enter(fd, Write, false)
			return func() {
				exit(fd, Write, false, Outcome{}, nil)
				if !watchOver(t, int(fd.sysfd)).alive() {
					t.Error("closed while a read is in flight")
				}
				exit(fd, Read, false, Outcome{}, nil)
			}
		}},
		{"after a call outside the lanes", func(t *testing.T, fd *FD) func() {
			for range 2 {
				if _, err := fd.Acquire(); err != nil {
					t.Fatal(err)
				}
			}
			return func() {
				fd.Release()
				if !watchOver(t, int(fd.sysfd)).alive() {
					t.Error("closed while another call is in flight")
				}
				fd.Release()
			}
		}},
		{"after the loop's attempt", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			a, b := sockets(t)
			defer closeSocket(b)
			fd := NewFD(a)
			if err := fd.Join(s.Loop); err != nil {
				t.Fatal(err)
			}
			c := watchOver(t, a)
			deleted := false
			s.p.onCall = func(call string) {
				if call == fmt.Sprint("delete ", a) {
					deleted = true
					if !c.alive() {
						t.Error("deleted after it was closed")
					}
				}
			}
			shut := func() {
				if err := fd.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
				if !deleted {
					t.Error("Close has not deleted it")
				}
			}
			if tt.begin == nil {
				s.start(fd, Read, again, part{during: func() {
					shut()
					if !c.alive() {
						t.Error("closed during an attempt")
					}
				}})
				s.turn(s.ready(fd, pollux.Readable))
			} else {
				end := tt.begin(t, fd)
				shut()
				if end != nil {
					if !c.alive() {
						t.Error("closed while a call is in flight")
					}
					end()
				}
			}
			if c.alive() {
				t.Error("it is open after all")
			}
			// The next owner of the number keeps it.
			x, y := sockets(t)
			defer closeSocket(x)
			defer closeSocket(y)
			cx, cy := watchOver(t, x), watchOver(t, y)
			fd.Close()
			s.turns()
			if !cx.alive() || !cy.alive() {
				t.Error("a number was closed twice")
			}
		})
	}
}

func TestDetach(t *testing.T) {
	s := newStage(t)
	a, b := sockets(t)
	defer closeSocket(a)
	defer closeSocket(b)
	fd := NewFD(a)
	w := s.watch(fd, nil)
	waiting := s.start(fd, Write, again)
	if err := enter(fd, Read, false); err != nil {
		t.Fatal(err)
	}
	c := watchOver(t, a)
	got, err := fd.Detach()
	if got != a || err != nil {
		t.Errorf("Detach: %d, %v; want %d", got, err, a)
	}
	exit(fd, Read, false, Outcome{}, nil)
	s.turns()
	waiting.want(t, closedText, "detached")
	if len(w.closed) != 1 || w.closed[0] != net.ErrClosed {
		t.Errorf("Closed told %v", w.closed)
	}
	if !c.alive() {
		t.Error("Detach has closed it")
	}
	if s.p.count(fmt.Sprint("delete ", a)) != 1 || s.Stats().Descriptors != 0 {
		t.Error("it is registered still")
	}
	if got, err := fd.Detach(); got != -1 || err != net.ErrClosed {
		t.Errorf("second Detach: %d, %v", got, err)
	}
	if fd.Close() != net.ErrClosed || !c.alive() {
		t.Error("Close after Detach has closed it")
	}
}

// Of many that close at once, one does.
func TestCloseAtOnce(t *testing.T) {
	for range 50 {
		s := newStage(t)
		a, b := sockets(t)
		c := watchOver(t, a)
		fd := NewFD(a)
		if err := fd.Join(s.Loop); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		closed := 0
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				var err error
				if i%2 == 0 {
					err = fd.Close()
				} else if _, err = fd.Acquire(); err == nil {
					fd.Release()
					err = fd.Close()
				}
				switch {
				case err == nil:
					mu.Lock()
					closed++
					mu.Unlock()
				case !errors.Is(err, net.ErrClosed):
					t.Errorf("Close: %v", err)
				}
			})
		}
		wg.Wait()
		if closed != 1 {
			t.Fatalf("%d of them have closed it", closed)
		}
		if c.alive() {
			t.Fatal("it is open still")
		}
		closeSocket(b)
	}
}

// A descriptor that its owner has lost is closed, and the log says so.
func TestAbandon(t *testing.T) {
	s := newStage(t)
	a, b := sockets(t)
	defer closeSocket(b)
	c := watchOver(t, a)
	fd := NewFD(a)
	if err := fd.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	fd.Abandon()
	if c.alive() {
		t.Error("it is open")
	}
	if n := s.logs.FilterMessageSnippet("unclosed descriptor").Len(); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	fd.Abandon()
	if n := s.logs.FilterMessageSnippet("unclosed descriptor").Len(); n != 1 {
		t.Errorf("%d warnings after a second time, want 1", n)
	}
}

// One that is on no loop has the logger of the defaults.
func TestAbandonOnNoLoop(t *testing.T) {
	if !ownProcess(t) {
		return
	}
	logs := new(logbook)
	if err := SetDefaults(&Config{Logger: slog.New(logs)}); err != nil {
		t.Fatal(err)
	}
	a, b := sockets(t)
	defer closeSocket(b)
	NewFD(a).Abandon()
	if n := logs.FilterMessageSnippet("unclosed descriptor").Len(); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
}
