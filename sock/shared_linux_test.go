package sock_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// registrations counts what the epoll descriptors of this process watch, by /proc/self/fdinfo.
func registrations(t *testing.T) int {
	t.Helper()
	infos, err := filepath.Glob("/proc/self/fdinfo/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) == 0 {
		t.Skip("no /proc/self/fdinfo: run this where /proc is")
	}
	n := 0
	for _, info := range infos {
		text, err := os.ReadFile(info)
		if err == nil {
			n += strings.Count(string(text), "tfd:")
		}
	}
	return n
}

// A descriptor with a duplicate, in this process or in another, leaves nothing in the poller after
// Close. Otherwise the duplicate would keep the registration and its events forever.
func TestClosedButDuplicatedLeavesNoEvent(t *testing.T) {
	if os.Getenv("POLLUX_TEST_POLLER") == "poll" {
		t.Skip("poll(2) keeps no registration in the kernel: run this without POLLUX_TEST_POLLER")
	}
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	before := registrations(t)

	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := a.Join(r.Next()); err != nil {
		t.Fatal(err)
	}
	own := registrations(t) - before // a poller may need several
	if own < 1 {
		t.Fatalf("%d registrations more after one has joined", own)
	}
	dup, err := a.Dup()
	if err != nil {
		t.Fatal(err)
	}
	defer dup.Close()

	// Another process has a duplicate too. It reports that, and holds the duplicate until its input
	// ends.
	c, err := a.Dup()
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(c.Detach()), "shared")
	cmd := exec.Command("sh", "-c", "echo ready; cat >/dev/null")
	cmd.ExtraFiles = []*os.File{file}
	stdin, _ := cmd.StdinPipe()
	stdout, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stdin.Close()
	file.Close()
	if _, err := fmt.Fscanln(stdout, new(string)); err != nil {
		t.Fatal(err)
	}

	before = registrations(t) // the pipes to the other process are in Go's own poller
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got := registrations(t); got != before-own {
		t.Fatalf("%d registrations after Close, want %d", got, before-own)
	}
	// The duplicate works like any other socket.
	if _, err := b.Sendall([]byte("still there"), 0); err != nil {
		t.Fatal(err)
	}
	if got, err := dup.Recv(100, 0); string(got) != "still there" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

// Sockets are closed while calls wait on them, and new sockets get their numbers at once. Each
// waiting call gets net.ErrClosed once, and no call gets the data of another socket.
func TestNumbersAreReusedWhileOthersWait(t *testing.T) {
	const workers, rounds = 16, 60
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range rounds {
				if err := closeUnderWaiters(fmt.Sprintf("worker %d, round %d", w, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func closeUnderWaiters(msg string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		return err
	}
	defer b.Close()
	// After one exchange the socket is registered, and its number is known to be its own.
	first := a.Async().Recv(100, 0)
	if _, err := b.Sendall([]byte(msg), 0); err != nil {
		return err
	}
	if got, err := first.Wait(ctx); string(got) != msg || err != nil {
		return fmt.Errorf("%s: got %q, %v", msg, got, err)
	}
	future := a.Async().Recv(100, 0)
	ended := make(chan error, 3)
	go func() {
		_, err := a.With(ctx).Recv(100, 0)
		ended <- err
	}()
	task := a.Loop().Go(func(t *loop.Task) {
		_, err := a.In(t).Recv(100, 0)
		ended <- err
	})
	go func() { ended <- a.Close() }()
	closed := 0
	for range 3 {
		switch err := <-ended; {
		case err == nil:
		case errors.Is(err, net.ErrClosed):
			closed++
		default:
			return fmt.Errorf("%s: a waiter got %w", msg, err)
		}
	}
	if closed != 2 {
		return fmt.Errorf("%s: %d of 2 waiting calls got the error", msg, closed)
	}
	if got, err := future.Wait(ctx); len(got) > 0 || !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("%s: the future got %q, %v", msg, got, err)
	}
	return task.Wait(ctx)
}

// Ten thousand connections, closed in any order and half of them with a deadline, leave no
// descriptor, goroutine, slot or timer.
func TestManyConnectionsLeaveNothing(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	addr, err := ln.Getsockname()
	if err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	const total, atOnce = 10_000, 1_000
	var open []*sock.Socket
	var futures []loop.Future[[]byte]
	for i := range total {
		c, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(addr); err != nil {
			t.Fatal(err)
		}
		s, _, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s.Join(r.Next())
		if i%2 == 0 {
			s.SetTimeout(time.Hour)
		}
		futures = append(futures, s.Async().Recv(10, 0))
		open = append(open, c, s)
		for len(open) > atOnce {
			// A step that is prime to the length of the list visits all in an order without a
			// pattern.
			j := i * 7919 % len(open)
			open[j].Close()
			open[j] = open[len(open)-1]
			open = open[:len(open)-1]
		}
	}
	for _, s := range open {
		s.Close()
	}
	for i, f := range futures {
		// A close at this end is net.ErrClosed; at the other end it is the end of the stream.
		if got, err := f.Wait(context.Background()); len(got) != 0 || err != nil && !errors.Is(err, net.ErrClosed) {
			t.Fatalf("future %d: %q, %v", i, got, err)
		}
	}
	for _, l := range r.Loops() {
		if s := l.Stats(); s.Descriptors != 0 || s.Timers != 0 || s.Slots > 2*atOnce {
			t.Errorf("left on a loop: %+v", s)
		}
	}
	if got := openFiles(t); got > before {
		t.Errorf("%d descriptors are open, %d were", got, before)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("%v: run this where /proc is", err)
	}
	return len(files)
}
