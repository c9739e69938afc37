package sock_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// unansweredOnBoth returns a port. On [::1] the port no longer answers. On 127.0.0.1 ln is bound to
// it. The empty host, whose first address is [::1], reaches both.
func unansweredOnBoth(t *testing.T) (ln *sock.Socket, port int) {
	t.Helper()
	for range 100 { // another program may have the second port
		hole, addr := socktest.TCP6.Bound(t)
		ln = socktest.TCP.New(t)
		if err := ln.Bind(sock.Inet("127.0.0.1", addr.Port())); err != nil {
			hole.Close()
			ln.Close()
			continue
		}
		overfill(t, socktest.TCP6, hole, addr)
		return ln, addr.Port()
	}
	t.Fatal("no port that is free for both families")
	return nil, 0
}

// The first address is a black hole, and costs no more than the delay.
func TestHappyEyeballsPastABlackHole(t *testing.T) {
	const delay = 15 * time.Millisecond
	for _, way := range []string{"goroutine", "context", "task"} {
		t.Run(way, func(t *testing.T) {
			socktest.Check(t)
			ln, port := unansweredOnBoth(t)
			socktest.Must(t, ln.Listen(1))
			cfg := &sock.ConnectionConfig{HappyEyeballs: true, AttemptDelay: delay, Timeout: sock.Within(socktest.Patience)}
			connect := func() error {
				began := time.Now()
				s, err := sock.CreateConnection("", port, cfg)
				if err != nil {
					return err
				}
				defer s.Close()
				if took := time.Since(began); s.Family() != sock.AF_INET || s.Timeout() != socktest.Patience || took < delay {
					t.Errorf("it is %v with timeout %v, after %v", s, s.Timeout(), took)
				}
				if cfg.Task != nil {
					s = s.In(cfg.Task)
				}
				_, err = s.Sendall(hello, 0)
				return err
			}
			switch way {
			case "context":
				cfg.Context = t.Context()
				fallthrough
			case "goroutine":
				socktest.Must(t, connect())
			case "task":
				inTask(t, func(task *loop.Task) error {
					others := false // set by other work of the loop meanwhile
					task.Loop().After(time.Millisecond, func() { others = true })
					cfg.Task = task
					err := connect()
					if !others {
						t.Error("the loop stood still")
					}
					return err
				})
			}
			peer, _, err := ln.Accept()
			socktest.Must(t, err)
			defer peer.Close()
			socktest.Must(t, wantBytes("hello")(peer.Recv(10, 0)))
		})
	}
}

// A try that fails at once does not delay the next one. The delay is longer than the test may take.
func TestHappyEyeballsDoesNotWaitAfterAFailure(t *testing.T) {
	socktest.Check(t)
	_, addr := socktest.TCP.Listener(t)
	for _, cfg := range []*sock.ConnectionConfig{
		{HappyEyeballs: true, AttemptDelay: time.Hour},
		{HappyEyeballs: true, AttemptDelay: time.Hour, Source: sock.Inet("127.0.0.1", 0)}, // [::1] is not reachable from this source
	} {
		s, err := sock.CreateConnection("", addr.Port(), cfg)
		socktest.Must(t, err)
		if peer, err := s.Getpeername(); peer != addr || err != nil {
			t.Errorf("the peer is %v, %v", peer, err)
		}
		s.Close()
	}
}

func TestHappyEyeballsFails(t *testing.T) {
	socktest.Check(t)
	_, port := unansweredOnBoth(t)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Millisecond)
	defer cancel()
	ended, end := context.WithCancel(t.Context())
	end()
	for _, test := range []struct {
		name string
		cfg  sock.ConnectionConfig
		want []error
	}{
		{"refused", sock.ConnectionConfig{Timeout: sock.Within(20 * time.Millisecond)}, []error{os.ErrDeadlineExceeded, syscall.ECONNREFUSED}},
		{"source", sock.ConnectionConfig{Timeout: sock.Within(20 * time.Millisecond), Source: sock.Inet6("::1", 0)},
			[]error{os.ErrDeadlineExceeded, families.ErrFamilyMismatch}},
		{"context", sock.ConnectionConfig{Context: ctx}, []error{context.DeadlineExceeded, syscall.ECONNREFUSED, context.DeadlineExceeded}},
		{"context that has ended", sock.ConnectionConfig{Context: ended}, []error{context.Canceled}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := test.cfg
			cfg.HappyEyeballs, cfg.AttemptDelay = true, 10*time.Millisecond
			_, last := sock.CreateConnection("", port, &cfg)
			if want := test.want[len(test.want)-1]; !errors.Is(last, want) {
				t.Errorf("%v, want %v", last, want)
			}
			if cfg.Context == ctx {
				return // ctx has ended by now
			}
			cfg.AllErrors = true
			_, err := sock.CreateConnection("", port, &cfg)
			var group *sock.ExceptionGroup
			if cfg.Context == ended {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%v, want context.Canceled", err)
				}
				return
			}
			if !errors.As(err, &group) || len(group.Errors) != len(test.want) {
				t.Fatalf("%v, want %v", err, test.want)
			}
			for i, want := range test.want {
				if !errors.Is(group.Errors[i], want) {
					t.Errorf("error %d is %v, want %v", i, group.Errors[i], want)
				}
			}
			if !strings.Contains(group.Errors[0].Error(), "[::1]") {
				t.Errorf("the first error is not that of the first address: %v", group.Errors[0])
			}
		})
	}
}

// A race whose task was canceled leaves nothing behind, not even a connection that was made at the
// last moment.
func TestHappyEyeballsInACanceledTask(t *testing.T) {
	socktest.Check(t)
	_, port := unansweredOnBoth(t)
	_, addr := socktest.TCP.Listener(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	for i, port := range []int{port, port, addr.Port(), addr.Port(), addr.Port()} {
		l := r.Next()
		task := l.Go(func(task *loop.Task) {
			s, err := sock.CreateConnection("", port, &sock.ConnectionConfig{HappyEyeballs: true, Task: task, AttemptDelay: time.Minute})
			if err == nil && port == addr.Port() {
				s.Close()
				return
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want context.Canceled", err)
			}
		})
		l.After(time.Duration(i)*100*time.Microsecond, task.Cancel)
		socktest.Must(t, socktest.Start(func() error { return task.Wait(t.Context()) }).Wait(t))
	}
}

// The same holds for one address after the other: after a cancel at the first address the call does
// not try the next one, which would answer.
func TestCreateConnectionInACanceledTask(t *testing.T) {
	socktest.Check(t)
	ln, port := unansweredOnBoth(t)
	socktest.Must(t, ln.Listen(1))
	r, err := loop.Default()
	socktest.Must(t, err)
	l := r.Next()
	task := l.Go(func(task *loop.Task) {
		s, err := sock.CreateConnection("", port, &sock.ConnectionConfig{Task: task})
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
	})
	l.After(10*time.Millisecond, task.Cancel)
	socktest.Must(t, socktest.Start(func() error { return task.Wait(t.Context()) }).Wait(t))
}

func TestHappyEyeballsRefuses(t *testing.T) {
	socktest.Check(t)
	var arg *sock.ArgError
	if _, err := sock.CreateConnection("127.0.0.1", 9, &sock.ConnectionConfig{AttemptDelay: -1}); !errors.As(err, &arg) || arg.Arg != "AttemptDelay" {
		t.Errorf("a negative delay: %v", err)
	}
	r, err := loop.Default()
	socktest.Must(t, err)
	refused := make(chan error, 1)
	r.Next().Post(func() {
		_, err := sock.CreateConnection("127.0.0.1", 9, &sock.ConnectionConfig{HappyEyeballs: true})
		refused <- err
	})
	if err := <-refused; !errors.Is(err, loop.ErrOnLoop) {
		t.Errorf("in a callback: %v, want ErrOnLoop", err)
	}
}
