package sock_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Many goroutines and tasks read one socket, with cancels and timeouts at any moment, until it is
// closed during their calls. Each datagram is received exactly once while there are readers, and
// each call ends.
func TestManyReaders(t *testing.T) {
	socktest.Check(t)
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	for range rounds {
		manyReaders(t, rand.Uint64())
	}
}

func manyReaders(t *testing.T, seed uint64) {
	a, b := socktest.LocalPackets.Pair(t)
	if socktest.LocalPackets == socktest.UDP { // so that no datagram is lost
		socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 200<<10))
	}
	r, err := loop.Default()
	socktest.Must(t, err)
	const packets, readers = 300, 8
	buffers := sock.NewBuffers(64)
	var mu sync.Mutex
	seen := make(map[string]int) // mu
	all := make(chan struct{})
	note := func(p []byte) {
		mu.Lock()
		defer mu.Unlock()
		if seen[string(p)]++; len(seen) == packets {
			close(all)
		}
	}
	read := func(s *sock.Socket, rng *rand.Rand, task *loop.Task) error {
		for {
			view, cancel := s, context.CancelFunc(func() {})
			if task != nil {
				view = view.In(task)
			}
			if rng.IntN(3) == 0 {
				var ctx context.Context
				ctx, cancel = context.WithTimeout(context.Background(), time.Duration(rng.IntN(200))*time.Microsecond)
				view = view.With(ctx)
			}
			s.SetTimeout([]time.Duration{sock.Forever, 50 * time.Microsecond, time.Second, 0}[rng.IntN(4)])
			var p []byte
			var err error
			if rng.IntN(4) == 0 {
				p, err = view.Recv(64, 0)
			} else {
				p, err = view.RecvBuffer(buffers, 0)
			}
			cancel()
			switch {
			case err == nil && len(p) > 0:
				note(p)
				buffers.Put(p)
			case err == sock.ErrWouldBlock:
				if task != nil {
					task.Yield()
				} else {
					runtime.Gosched()
				}
			case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			case errors.Is(err, net.ErrClosed):
				return nil
			default:
				return fmt.Errorf("%q, %w", p, err)
			}
		}
	}
	var calls []*socktest.Call
	for i := range uint64(readers) {
		rng := rand.New(rand.NewPCG(seed, i))
		if i%2 == 0 {
			calls = append(calls, socktest.Start(func() error { return read(a, rng, nil) }))
			continue
		}
		var err error
		task := r.Next().Go(func(task *loop.Task) { err = read(a, rng, task) })
		calls = append(calls, socktest.Start(func() error {
			if err := task.Wait(t.Context()); err != nil {
				return err
			}
			return err
		}), socktest.Start(func() error {
			for range 20 {
				task.Cancel()
				runtime.Gosched()
			}
			return nil
		}))
	}
	for i := range packets {
		socktest.LocalPackets.SendPatiently(t, b, fmt.Append(nil, i))
	}
	select {
	case <-all:
	case <-time.After(socktest.Patience):
		mu.Lock()
		t.Errorf("%d packets of %d were received (seed %d)", len(seen), packets, seed)
		mu.Unlock()
	}
	socktest.Must(t, a.Close())
	for _, c := range calls {
		if err := c.Wait(t); err != nil {
			t.Errorf("%v (seed %d)", err, seed)
		}
	}
	for p, n := range seen {
		if n != 1 {
			t.Errorf("packet %s was received %d times", p, n)
		}
	}
	b.Close()
}
