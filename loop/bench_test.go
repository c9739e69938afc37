package loop

import (
	"net"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// A treadmill is a Poller that reports an edge of its one descriptor in every Wait.
type treadmill struct{ token pollux.Token }

func (m *treadmill) Add(_ int, token pollux.Token) error       { m.token = token; return nil }
func (m *treadmill) Arm(int, pollux.Token, pollux.Ready) error { return nil }
func (m *treadmill) Mute(int, pollux.Token) (bool, error)      { return false, nil }
func (m *treadmill) Unmute(int, pollux.Token) error            { return nil }
func (m *treadmill) Delete(int, pollux.Token) error            { return nil }
func (m *treadmill) Wake() error                               { return nil }
func (m *treadmill) Close() error                              { return nil }
func (m *treadmill) OneShot() bool                             { return false }
func (m *treadmill) Yield() error                              { return nil }
func (m *treadmill) Crowded() time.Duration                    { return 0 }
func (m *treadmill) Wait(e []pollux.Event, _ time.Duration) (int, error) {
	e[0] = pollux.Event{Token: m.token, Ready: pollux.Readable}
	return 1, nil
}

// exchange makes the loop's part of an echo, without the system calls: a read that has emptied the
// socket, and a write.
func exchange(fd *FD) error {
	for {
		if err := enter(fd, Read, false); err != nil {
			return err
		}
		exit(fd, Read, false, Outcome{N: 64, Drained: true}, nil)
		if err := enter(fd, Write, false); err != nil {
			return err
		}
		exit(fd, Write, false, Outcome{N: 64}, nil)
	}
}

type exchanger struct{ fd *FD }

func (x exchanger) Ready(pollux.Ready) { exchange(x.fd) }
func (x exchanger) Closed(error)       {}

type reading struct{ Op }

func (r *reading) Try(int) (Outcome, error) { return Outcome{N: 64, Drained: true}, nil }

// BenchmarkMessage measures the cost that the loop adds to the three system calls of a message.
func BenchmarkMessage(b *testing.B) {
	for _, wait := range []string{"callback", "task"} {
		b.Run("wait="+wait, func(b *testing.B) {
			clock := new(timeouts.Fake)
			clock.Advance(time.Second)
			l, err := New(&Config{Clock: clock, NewPoller: func() (Poller, error) { return new(treadmill), nil }})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			fd := NewFD(1 << 20) // not a descriptor: no system call uses it
			if wait == "callback" {
				err = fd.Watch(l, exchanger{fd})
			} else {
				err = fd.Join(l)
				l.Go(func(t *Task) {
					r := new(reading)
					r.Attempt, r.Lane, r.Timeout = r, Read, timeouts.Forever
					for do(fd, ByTask(t), &r.Op) != net.ErrClosed {
						if exchange(fd) != ErrAgain {
							return
						}
					}
				})
			}
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := l.turn(); err != nil {
					b.Fatal(err)
				}
			}
			fd.Detach()
			l.turn()
		})
	}
}
