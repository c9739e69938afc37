package loop

import (
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// Close ends every wait with net.ErrClosed, each once. It ends the registration, and then closes
// the descriptor.

const closedText = "use of closed network connection"

func TestCloseSettlesWhatWaits(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, nil)
	var acts []*act
	for i := range 10 {
		acts = append(acts, s.start(fd, Direction(i%2)))
	}
	settled := 0
	for _, a := range acts {
		a.Then(func(int, error) { settled++ })
	}
	goroutine := s.goDo(context.Background(), fd, &Op{Call: Call{Timeout: time.Hour}, Attempt: &play{}})
	var task, later error
	s.Go(func(tk *Task) {
		task = do(fd, ByTask(tk), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
		later = do(fd, ByTask(tk), &Op{Call: Call{Timeout: timeouts.Forever}, Attempt: &play{}})
	})
	s.turn()
	fd.Close()
	for i, a := range acts {
		a.want(t, closedText, fmt.Sprint("operation ", i))
	}
	if err := receive(t, "the end of the goroutine's wait", goroutine); err != net.ErrClosed {
		t.Errorf("goroutine: %v, want net.ErrClosed", err)
	}
	s.turns()
	if task != net.ErrClosed || later != net.ErrClosed {
		t.Errorf("task: %v, then %v; want net.ErrClosed", task, later)
	}
	if !slices.Equal(w.closed, []error{net.ErrClosed}) {
		t.Errorf("watcher: %v, want net.ErrClosed once", w.closed)
	}
	if settled != len(acts) {
		t.Errorf("%d futures were settled %d times", len(acts), settled)
	}

	// Calls after Close get the error too.
	if err := fd.Close(); err != net.ErrClosed {
		t.Errorf("second Close: %v, want net.ErrClosed", err)
	}
	if _, err := fd.Detach(); err != net.ErrClosed {
		t.Errorf("Detach: %v, want net.ErrClosed", err)
	}
	if err := enter(fd, Read, false); err != net.ErrClosed {
		t.Errorf("Enter: %v, want net.ErrClosed", err)
	}
	if err := enter(fd, Read, true); err != net.ErrClosed {
		t.Errorf("blind Enter: %v, want net.ErrClosed", err)
	}
	if _, err := fd.Acquire(); err != net.ErrClosed {
		t.Errorf("Acquire: %v, want net.ErrClosed", err)
	}
	if err := fd.Join(s.Loop); err != net.ErrClosed {
		t.Errorf("Join: %v, want net.ErrClosed", err)
	}
	a := s.start(fd, Read, done)
	a.want(t, closedText, "started after Close")
	if a.tries != 0 {
		t.Error("an attempt was made after Close")
	}
	if fd.Sysfd() != -1 {
		t.Errorf("Sysfd is %d after Close, want -1", fd.Sysfd())
	}
	s.turn(s.ready(fd, pollux.Readable)) // a token without a descriptor
}

func TestCloseDuringAnAttempt(t *testing.T) {
	for _, tt := range []struct {
		name string
		last part
		want any
	}{
		{"that is done", done, nil},
		{"that is not ready", again, closedText},
		{"that did a part", part{out: Outcome{More: true}, err: ErrAgain}, closedText},
		{"that backs off", backsOff(time.Second), closedText},
		{"that fails", part{err: errFull}, errFull},
	} {
		t.Run(tt.name+", the loop's", func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			tt.last.during = func() { fd.Close() }
			a := s.start(fd, Read, again, tt.last, done)
			b := s.start(fd, Read, done)
			s.turn(s.ready(fd, pollux.Readable))
			a.want(t, tt.want, "the attempt decides")
			b.want(t, closedText, "queued")
			s.turns()
			if a.tries != 2 || b.tries != 0 {
				t.Errorf("%d and %d attempts, want 2 and 0", a.tries, b.tries)
			}
			if st := s.Stats(); st.Descriptors+st.Timers != 0 {
				t.Errorf("%+v is left", st)
			}
		})
		t.Run(tt.name+", the starter's", func(t *testing.T) {
			for _, joined := range []bool{true, false} {
				s := newStage(t)
				fd := s.descriptor()
				if joined {
					fd.Join(s.Loop)
				}
				last := tt.last
				last.during = func() { fd.Close() }
				a := s.start(fd, Read, last, done)
				a.want(t, tt.want, "the attempt decides")
				if st := s.Stats(); a.tries != 1 || st.Descriptors+st.Timers != 0 {
					t.Errorf("%d attempts, want 1; %+v is left", a.tries, st)
				}
			}
		})
		t.Run(tt.name+", of Enter", func(t *testing.T) {
			s := newStage(t)
			fd := s.joined()
			if err := enter(fd, Read, false); err != nil {
				t.Fatal(err)
			}
			fd.Close()
			if retry := exit(fd, Read, false, tt.last.out, tt.last.err); retry {
				t.Error("Leave wants a retry on a closed descriptor")
			}
			if st := s.Stats(); st.Descriptors+st.Timers != 0 {
				t.Errorf("%+v is left", st)
			}
		})
	}
}

// A watcher and a callback may close anything.
func TestCloseWhileBeingTold(t *testing.T) {
	s := newStage(t)
	a, b := s.descriptor(), s.descriptor()
	wa := s.watch(a, func(pollux.Ready) {
		a.Close()
		b.Close()
	})
	wb := s.watch(b, nil)
	s.turn(s.ready(a, pollux.Readable), s.ready(b, pollux.Readable))
	s.turns()
	if len(wa.told) != 1 || len(wb.told) != 0 {
		t.Errorf("told %v and %v; want the first once, and never the one that it closed", wa.told, wb.told)
	}
	for _, w := range []*witness{wa, wb} {
		if !slices.Equal(w.closed, []error{net.ErrClosed}) {
			t.Errorf("Closed told %v, want net.ErrClosed once", w.closed)
		}
	}
}

func TestCloseFromClosed(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	var got []error
	fd.Watch(s.Loop, closedFunc(func(err error) { got = append(got, err, fd.Close()) }))
	fd.Close()
	if len(got) != 0 {
		t.Error("Closed was called under Close")
	}
	s.turns()
	if !slices.Equal(got, []error{net.ErrClosed, net.ErrClosed}) {
		t.Errorf("Closed and a Close in it gave %v", got)
	}
}

func TestCloseOfOneThatIsOnNoLoop(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	fd.Close()
	if s.p.count("delete "+fmt.Sprint(fd.sysfd)) != 0 {
		t.Error("it was deleted from a poller")
	}
}

// The registration ends even if the poller says that it does not exist.
func TestCloseWhenDeleteFails(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	w := s.watch(fd, nil)
	s.p.faults[fmt.Sprint("delete ", fd.sysfd)] = errFull
	fd.Close()
	s.turns()
	if len(w.closed) != 1 || s.Stats().Descriptors != 0 {
		t.Errorf("Closed told %v; %+v", w.closed, s.Stats())
	}
}
