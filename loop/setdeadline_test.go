package loop

import (
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// The deadline of a lane ends its operations, in each way to wait. It can be moved while they wait.

// limit calls SetDeadline with d from now.
func (s *stage) limit(fd *FD, lane Direction, d time.Duration) {
	s.t.Helper()
	if err := fd.SetDeadline(lane, s.Now().Add(d)); err != nil {
		s.t.Fatal(err)
	}
}

// unlimited removes the deadline of a lane.
func (s *stage) unlimited(fd *FD, lane Direction) {
	s.t.Helper()
	if err := fd.SetDeadline(lane, timeouts.Never); err != nil {
		s.t.Fatal(err)
	}
}

func TestSetDeadline(t *testing.T) {
	for _, tt := range []struct {
		name    string
		before  time.Duration // the deadline when the operation begins; 0: none
		timeout time.Duration
		move    func(s *stage, fd *FD, d Direction) // while it waits
		ends    time.Duration                       // after that; 0: at once; negative: never
	}{
		{"set before", time.Second, timeouts.Forever, nil, time.Second},
		{"set while it waits", 0, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.limit(fd, d, time.Second) }, time.Second},
		{"moved later", time.Second, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.limit(fd, d, time.Minute) }, time.Minute},
		{"moved earlier", time.Minute, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.limit(fd, d, time.Second) }, time.Second},
		{"moved twice", time.Minute, timeouts.Forever, func(s *stage, fd *FD, d Direction) {
			s.limit(fd, d, time.Second)
			s.limit(fd, d, time.Hour)
		}, time.Hour},
		{"moved into the past", time.Minute, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.limit(fd, d, -time.Nanosecond) }, 0},
		{"moved to this moment", time.Minute, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.limit(fd, d, 0) }, 0},
		{"set into the past", 0, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.limit(fd, d, -time.Hour) }, 0},
		{"taken away", time.Second, timeouts.Forever, func(s *stage, fd *FD, d Direction) { s.unlimited(fd, d) }, -1},
		{"before the timeout", time.Second, time.Minute, nil, time.Second},
		{"after the timeout", time.Minute, time.Second, nil, time.Second},
		{"taken away, with a timeout", time.Second, time.Minute, func(s *stage, fd *FD, d Direction) { s.unlimited(fd, d) }, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEachWay(t, func(t *testing.T, s *stage, begin func(*FD, Call, ...part) <-chan error) {
				s.p.advance(24 * time.Hour) // so that earlier instants exist
				for _, d := range []Direction{Read, Write} {
					fd := s.joined()
					if tt.before != 0 {
						s.limit(fd, d, tt.before)
					}
					over := begin(fd, Call{Lane: d, Timeout: tt.timeout}, again, again, again)
					s.queued(fd, d, 1)
					other := s.start(fd, 1-d, again, done)
					if tt.move != nil {
						tt.move(s, fd, d)
					}
					switch {
					case tt.ends > 0:
						s.p.advance(tt.ends - time.Nanosecond)
						s.turns()
						s.queued(fd, d, 1)
						s.p.advance(timeouts.Tick + time.Nanosecond)
					case tt.ends < 0:
						s.p.advance(24 * time.Hour)
						s.turns()
						s.queued(fd, d, 1)
					}
					if tt.ends < 0 {
						fd.Close()
						if err := s.ended(over); err != net.ErrClosed {
							t.Errorf("%v: got %v, want net.ErrClosed", d, err)
						}
					} else if err := s.ended(over); err != os.ErrDeadlineExceeded {
						t.Errorf("%v: got %v, want os.ErrDeadlineExceeded", d, err)
					} else {
						other.want(t, waits, "it is in the other lane")
						s.turn(s.ready(fd, edge(1-d)))
						other.want(t, nil, "it is in the other lane, and ready")
						fd.Close()
					}
					if n := s.Stats().Timers; n != 0 {
						t.Errorf("%v: %d timers are left", d, n)
					}
				}
			})
		})
	}
}

// The deadline moves into the past during an attempt. The attempt decides; if it is not ready, the
// operation ends.
func TestSetDeadlineDuringAnAttempt(t *testing.T) {
	for _, tt := range []struct {
		name string
		last part
		want error
	}{
		{"done", done, nil},
		{"not ready", again, os.ErrDeadlineExceeded},
		{"failed", part{err: errFull}, errFull},
		{"done in part, then not ready", part{out: Outcome{N: 5, More: true}, err: ErrAgain}, os.ErrDeadlineExceeded},
		{"not ready, with a time for the next attempt", part{out: Outcome{Retry: &Retry{After: time.Second}}, err: ErrAgain}, os.ErrDeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEachWay(t, func(t *testing.T, s *stage, begin func(*FD, Call, ...part) <-chan error) {
				s.p.advance(time.Hour)
				for _, d := range []Direction{Read, Write} {
					for _, first := range []bool{true, false} {
						fd := s.joined()
						last := tt.last
						last.during = func() { s.limit(fd, d, -time.Second) }
						parts := []part{last, again}
						if !first {
							parts = []part{again, last, again}
						}
						over := begin(fd, Call{Lane: d, Timeout: timeouts.Forever}, parts...)
						if !first {
							s.queued(fd, d, 1)
							s.turn(s.ready(fd, edge(d)))
						}
						if err := s.ended(over); err != tt.want {
							t.Errorf("%v, in the first attempt %v: got %v, want %v", d, first, err, tt.want)
						}
						fd.Close()
					}
				}
			})
		})
	}
}

// After the deadline of a lane, operations fail without an attempt until the deadline is moved.
func TestOperationsAfterTheDeadline(t *testing.T) {
	for _, how := range []string{"it passes", "it is set into the past"} {
		t.Run(how, func(t *testing.T) {
			inEachWay(t, func(t *testing.T, s *stage, begin func(*FD, Call, ...part) <-chan error) {
				s.p.advance(time.Hour)
				fd := s.joined()
				if how == "it passes" {
					s.limit(fd, Read, time.Second)
					s.p.advance(2 * time.Second)
					s.turns()
				} else {
					s.limit(fd, Read, -time.Second)
				}
				for _, timeout := range []time.Duration{timeouts.Forever, time.Hour, 0} {
					tried := part{during: func() { t.Error("an attempt is made") }}
					if err := s.ended(begin(fd, Call{Timeout: timeout}, tried)); err != os.ErrDeadlineExceeded {
						t.Errorf("timeout %v: got %v, want os.ErrDeadlineExceeded", timeout, err)
					}
				}
				if err := s.ended(begin(fd, Call{Lane: Write, Timeout: timeouts.Forever}, done)); err != nil {
					t.Errorf("the other lane: %v", err)
				}
				for _, again := range []func(){
					func() { s.limit(fd, Read, time.Hour) },
					func() { s.unlimited(fd, Read) },
				} {
					again()
					if err := s.ended(begin(fd, Call{Timeout: timeouts.Forever}, done)); err != nil {
						t.Errorf("the deadline was moved: %v", err)
					}
				}
			})
		})
	}
}

// Operations behind the first end too, and so does a woken operation that has not run.
func TestSetDeadlineOfMany(t *testing.T) {
	for _, how := range []string{"it passes", "it is moved into the past"} {
		t.Run(how, func(t *testing.T) {
			s, other := newStage(t), newStage(t)
			s.p.advance(time.Hour)
			fd := s.joined()
			woken := other.wait(fd, timeouts.Forever, again, done)
			second := s.wait(fd, timeouts.Forever, done)
			third := s.start(fd, Read, done)
			blind := s.startBlind(fd)
			s.turn(s.ready(fd, pollux.Readable)) // wakes the first, whose loop makes no turn
			if how == "it passes" {
				s.limit(fd, Read, time.Second)
				s.p.advance(2 * time.Second)
			} else {
				s.limit(fd, Read, -1)
			}
			s.turns()
			other.turns()
			woken.want(t, 1, true, os.ErrDeadlineExceeded, "it was woken")
			second.want(t, 0, true, os.ErrDeadlineExceeded, "it was second")
			third.want(t, timedOut, "it was third")
			blind.want(t, timedOut, "it is blind")
			if fd.length(Read) != 0 || !fd.idle() {
				t.Error("the lane is not free")
			}
		})
	}
}

// A deadline that is set before the descriptor joins a loop has effect without one, and on the loop
// that it joins.
func TestSetDeadlineBeforeJoin(t *testing.T) {
	s := newStage(t)
	fd := s.descriptor()
	if err := fd.SetDeadline(Read, fd.Now()); err != nil {
		t.Fatal(err)
	}
	a := s.start(fd, Read, done)
	a.want(t, timedOut, "the deadline has passed")
	s.start(fd, Write, done).want(t, nil, "it is in the other lane")
	if a.tries != 0 || fd.Loop() != nil {
		t.Errorf("%d attempts, on loop %p; want none, on none", a.tries, fd.Loop())
	}
	s.unlimited(fd, Read)
	s.start(fd, Read, done).want(t, nil, "there is no deadline")

	at := fd.Now().Add(time.Hour)
	if err := fd.SetDeadline(Read, at); err != nil {
		t.Fatal(err)
	}
	s.start(fd, Read, done).want(t, nil, "an hour is left")
	a = s.start(fd, Read, again)
	a.want(t, waits, "an hour is left")
	s.p.advance(at.Until(s.Now()) + timeouts.Tick)
	s.turns()
	a.want(t, timedOut, "an hour has passed on its loop")
	s.start(fd, Read, done).want(t, timedOut, "an hour has passed on its loop")

	late := s.descriptor()
	if err := late.SetDeadline(Write, at); err != nil {
		t.Fatal(err)
	}
	if err := late.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	s.start(late, Write, done).want(t, timedOut, "it had passed on the loop when it joined")
	for _, fd := range []*FD{fd, late} {
		fd.Close()
	}
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left", n)
	}
}

func TestMoveWithDeadline(t *testing.T) {
	s, other := newStage(t), newStage(t)
	fd := s.joined()
	s.limit(fd, Read, time.Second)
	if err := fd.Join(other.Loop); err != nil {
		t.Fatal(err)
	}
	if a, b := s.Stats().Timers, other.Stats().Timers; a != 0 || b != 1 {
		t.Errorf("%d timers on the first loop and %d on the second, want 0 and 1", a, b)
	}
	a := s.start(fd, Read, again)
	s.p.advance(time.Hour)
	s.turns()
	a.want(t, waits, "the first loop's clock does not count")
	other.p.advance(time.Second + timeouts.Tick)
	other.turns()
	a.want(t, timedOut, "a second has passed on its loop")
	if err := fd.Join(s.Loop); err != nil {
		t.Fatal(err)
	}
	s.start(fd, Read, done).want(t, timedOut, "an hour has passed on this loop")
	s.unlimited(fd, Read)
	s.start(fd, Read, done).want(t, nil, "there is no deadline")
}

// A watcher is called once when the deadline of a lane passes, and its attempts return
// os.ErrDeadlineExceeded.
func TestSetDeadlineAndWatcher(t *testing.T) {
	for _, how := range []string{"it passes", "it is moved into the past", "the watcher moves it into the past"} {
		for _, d := range []Direction{Read, Write} {
			t.Run(how+", "+d.String(), func(t *testing.T) {
				s := newStage(t)
				s.p.advance(time.Hour)
				fd := s.descriptor()
				var got []error
				attempt := func() {
					err := enter(fd, d, false)
					if err == nil {
						exit(fd, d, false, Outcome{}, ErrAgain)
					}
					got = append(got, err)
				}
				move := how == "the watcher moves it into the past"
				s.watch(fd, func(r pollux.Ready) {
					if move {
						move = false
						s.limit(fd, d, -1)
						return
					}
					if r&edge(d) != 0 {
						attempt()
					}
				})
				if move {
					s.turn(s.ready(fd, pollux.Readable))
				} else {
					attempt()
					s.turn(s.ready(fd, pollux.Readable|pollux.Writable))
					if !slices.Equal(got, []error{nil, nil}) {
						t.Fatalf("attempts of the watcher got %v, want two without an error", got)
					}
					got = nil
				}
				switch how {
				case "it passes":
					s.limit(fd, d, time.Second)
					s.p.advance(time.Second + timeouts.Tick)
				case "it is moved into the past":
					s.limit(fd, d, -1)
				}
				s.turns()
				if !slices.Equal(got, []error{os.ErrDeadlineExceeded}) {
					t.Errorf("attempts of the watcher got %v, want os.ErrDeadlineExceeded once", got)
				}
				got = nil
				s.unlimited(fd, d)
				attempt()
				s.turn(s.ready(fd, pollux.Readable|pollux.Writable))
				if len(got) != 2 || got[0] == os.ErrDeadlineExceeded || got[1] != nil { // the lane may be blocked
					t.Errorf("without a deadline, attempts of the watcher got %v, want the second to be made", got)
				}
			})
		}
	}
}

func TestSetDeadlineOfOneThatIsClosed(t *testing.T) {
	s := newStage(t)
	for what, end := range map[string]func(fd *FD){
		"Close":  func(fd *FD) { fd.Close() },
		"Detach": func(fd *FD) { fd.Detach() },
	} {
		fd := s.joined()
		s.limit(fd, Read, time.Second)
		s.limit(fd, Write, time.Minute)
		if n := s.Stats().Timers; n != 2 {
			t.Errorf("%d timers, want one for each lane", n)
		}
		end(fd)
		if err := fd.SetDeadline(Read, s.Now().Add(time.Second)); err != net.ErrClosed {
			t.Errorf("SetDeadline after %s: %v, want net.ErrClosed", what, err)
		}
		if n := s.Stats().Timers; n != 0 {
			t.Errorf("%d timers are left by %s", n, what)
		}
	}
}

// Other goroutines move a deadline again and again. It ends each operation that it has passed, and
// no other.
func TestSetDeadlineFromManyGoroutines(t *testing.T) {
	s := newStage(t)
	s.run()
	fd := s.joined()
	var movers, waiters sync.WaitGroup
	over := make(chan struct{})
	for range 4 {
		movers.Go(func() {
			for i := range 300 {
				d := Direction(i % 2)
				if err := fd.SetDeadline(d, s.Now().Add(time.Duration(i%3-1)*time.Hour)); err != nil {
					t.Error(err)
				}
				if err := fd.SetDeadline(d, timeouts.Never); err != nil {
					t.Error(err)
				}
			}
		})
		waiters.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				c := Call{Lane: Direction(i % 2), Timeout: timeouts.Forever}
				switch err := fd.Do(&c, new(play)); err {
				case os.ErrDeadlineExceeded, net.ErrClosed:
				default:
					t.Errorf("got %v, want os.ErrDeadlineExceeded", err)
				}
			}
		})
	}
	within(t, "the end of the goroutines that move the deadline", movers.Wait)
	close(over)
	for d := range Direction(2) {
		if err := fd.SetDeadline(d, timeouts.Now); err != nil {
			t.Error(err)
		}
	}
	within(t, "the end of all operations", waiters.Wait)
	fd.Close()
	if n := s.Stats().Timers; n != 0 {
		t.Errorf("%d timers are left", n)
	}
}
