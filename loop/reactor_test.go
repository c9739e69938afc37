package loop

import (
	"log/slog"
	"runtime"
	"testing"
)

// A Reactor owns loops and selects one for each new user.

func scripted(t *testing.T, loops int) (*Reactor, []*script) {
	t.Helper()
	var scripts []*script
	r, err := NewReactor(&Config{Loops: loops, Logger: silent, NewPoller: func() (Poller, error) {
		p := newScript()
		p.sleeps = true
		scripts = append(scripts, p)
		return p, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { within(t, "Close", func() { r.Close() }) })
	return r, scripts
}

func TestReactorHandsOut(t *testing.T) {
	r, _ := scripted(t, 3)
	loops := r.Loops()
	if len(loops) != 3 {
		t.Fatalf("%d loops, want 3", len(loops))
	}
	t.Run("Next", func(t *testing.T) {
		count := make(map[*Loop]int)
		for range 9 {
			count[r.Next()]++
		}
		for _, l := range loops {
			if count[l] != 3 {
				t.Errorf("a loop was handed out %d times of 9", count[l])
			}
		}
	})
	t.Run("ByHash", func(t *testing.T) {
		used := make(map[*Loop]bool)
		for hash := range uint64(100) {
			l := r.ByHash(hash)
			used[l] = true
			if r.ByHash(hash) != l {
				t.Errorf("hash %d has two loops", hash)
			}
		}
		if r.ByHash(1<<64-1) == nil || len(used) != 3 {
			t.Errorf("%d loops are used, want 3", len(used))
		}
	})
	t.Run("LeastLoaded", func(t *testing.T) {
		number := 1 << 20
		join := func(l *Loop) *FD {
			number++
			fd := NewFD(number)
			if err := fd.Join(l); err != nil {
				t.Fatal(err)
			}
			return fd
		}
		join(loops[0])
		join(loops[0])
		join(loops[1])
		last := join(loops[2])
		last.Close()
		if r.LeastLoaded() != loops[2] {
			t.Error("not the one without descriptors")
		}
		join(loops[2])
		join(loops[2])
		if r.LeastLoaded() != loops[1] {
			t.Error("not the one with one descriptor of 2, 1 and 2")
		}
	})
}

func TestReactorOfOne(t *testing.T) {
	r, _ := scripted(t, 1)
	l := r.Loops()[0]
	for range 2 {
		if r.Next() != l || r.LeastLoaded() != l || r.ByHash(12345) != l {
			t.Error("another loop than the only one was handed out")
		}
	}
}

func TestReactorOfAsManyLoopsAsProcessors(t *testing.T) {
	r, scripts := scripted(t, 0)
	if n := runtime.GOMAXPROCS(0); len(r.Loops()) != n || len(scripts) != n {
		t.Errorf("%d loops on %d pollers, want %d", len(r.Loops()), len(scripts), n)
	}
}

// A reactor that cannot be made completely leaves nothing behind.
func TestReactorThatFails(t *testing.T) {
	var scripts []*script
	r, err := NewReactor(&Config{Loops: 3, Logger: silent, NewPoller: func() (Poller, error) {
		if len(scripts) == 2 {
			return nil, errFull
		}
		scripts = append(scripts, newScript())
		return scripts[len(scripts)-1], nil
	}})
	if r != nil || err != errFull {
		t.Errorf("NewReactor: %v, %v; want the poller's error", r, err)
	}
	for i, p := range scripts {
		if p.count("close") != 1 {
			t.Errorf("poller %d was closed %d times, want once", i, p.count("close"))
		}
	}
}

func TestReactorClose(t *testing.T) {
	for _, patient := range []bool{true, false} {
		r, s := reactor(t, false)
		if patient {
			s.idle()
		}
		within(t, "Close", func() {
			if err := r.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		within(t, "second Close", func() { r.Close() })
		if n := s.p.count("close"); n != 1 {
			t.Errorf("the poller was closed %d times, want once", n)
		}
		if s.logs.Len() != 0 {
			t.Errorf("logged: %v; nothing was wrong", s.logs.All())
		}
	}
}

func TestReactorAndAPollerThatFails(t *testing.T) {
	logs := new(logbook)
	p := newScript()
	var r *Reactor
	within(t, "NewReactor", func() {
		var err error
		r, err = NewReactor(&Config{Loops: 1, Logger: slog.New(logs), NewPoller: func() (Poller, error) { return failingPoller{p}, nil }})
		if err != nil {
			t.Error(err)
		}
	})
	until(t, "the log says that the loop has ended", func() bool { return logs.FilterMessage("loop ended").Len() == 1 })
	within(t, "Close", func() { r.Close() })
	if p.count("close") != 1 {
		t.Errorf("the poller was closed %d times, want once", p.count("close"))
	}
}

// A callback or a task that closes its own reactor would wait for itself.
func TestReactorCloseOnLoop(t *testing.T) {
	r, _ := scripted(t, 2)
	got := make(chan error, 1)
	if err := r.Next().Post(func() { got <- r.Close() }); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, "Close in a callback", got); err != ErrOnLoop {
		t.Errorf("in a callback: %v, want ErrOnLoop", err)
	}
	r.Next().Go(func(*Task) { got <- r.Close() })
	if err := receive(t, "Close in a task", got); err != ErrOnLoop {
		t.Errorf("in a task: %v, want ErrOnLoop", err)
	}
	for _, l := range r.Loops() {
		if err := l.Post(func() {}); err != nil {
			t.Errorf("it closed a loop: %v", err)
		}
	}
}
