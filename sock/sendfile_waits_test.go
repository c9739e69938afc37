package sock_test

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The timeout is for each wait. If the receiver takes a little before each timeout, the whole call
// may take many times longer.
func TestSendfileTimeoutIsForEachWait(t *testing.T) { // item 135
	const blocks = 50
	block := 4096 // the least that such a socket holds
	if runtime.GOOS == "linux" {
		block = 64 << 10
	}
	// try reads bit by bit for three times the timeout. It also returns its own longest pause.
	try := func(t *testing.T, w *socktest.Waiter, timeout time.Duration) (got int, took, pause time.Duration, err error) {
		a, b := socktest.UnixStream.Pair(t)
		socktest.Must(t, a.SetTimeout(timeout))
		socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 4096))
		f := onDisk(t, make([]byte, block*blocks))
		defer f.Close()
		began := time.Now()
		call := socktest.Start(func() error {
			_, err := w.On(a).Sendfile(f, 0, -1)
			a.Close()
			return err
		})
		tick := time.NewTicker(3 * timeout / blocks)
		defer tick.Stop()
		for last := began; ; {
			<-tick.C
			p, err := b.Recv(block, 0)
			now := time.Now()
			pause, last = max(pause, now.Sub(last)), now
			if got += len(p); len(p) == 0 {
				socktest.Must(t, err)
				break
			}
		}
		err = call.Wait(t)
		return got, time.Since(began), pause, err
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		timeout := 250 * time.Millisecond
		got, took, pause, err := try(t, w, timeout)
		for pause > timeout/2 && timeout < 5*time.Second { // other programs delayed the reader
			t.Logf("a pause of %v in reading proves nothing: once more", pause)
			timeout *= 2
			got, took, pause, err = try(t, w, timeout)
		}
		if err != nil || got != block*blocks {
			t.Errorf("%d bytes, %v", got, err)
		}
		if took < 2*timeout {
			t.Errorf("it took %v: the test shows nothing", took)
		}
	})
}

// One call asks for at most 1 GiB, and another call follows. A large file does not need many calls.
func TestSendfileBlocks(t *testing.T) { // item 140
	socktest.Check(t)
	a, _ := socktest.LocalStream.Pair(t)
	f := onDisk(t, nil)
	const size = 5 << 30
	if err := f.Truncate(size); errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EFBIG) {
		t.Skipf("%v: run this where a file can have %d bytes", err, int64(size))
	} else {
		socktest.Must(t, err)
	}
	longest, calls := 0, 0
	sock.WithSendfile(func(_ func(int, int, int64, int) (int, error), _, _ int, offset int64, n int) (int, error) {
		longest = max(longest, n)
		calls++
		return int(min(int64(n), size-offset)), nil // pretends that all bytes were sent
	}, func() {
		if n, err := a.Sendfile(f, 0, -1); n != size || err != nil {
			t.Errorf("Sendfile = %d, %v", n, err)
		}
	})
	if longest > 1<<30 || calls < 5 || calls > 100 {
		t.Errorf("%d calls for up to %d bytes", calls, longest)
	}
}

// The bytes of other senders come before or after the file.
func TestSendfileIsNotMixed(t *testing.T) {
	content := bytes.Repeat([]byte("f"), 4<<20)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		f := onDisk(t, content)
		defer f.Close()
		call := socktest.Start(func() error {
			_, err := w.On(a).Sendfile(f, 0, -1)
			return err
		})
		awaitSendfile(t, a, b)
		others := socktest.Start(func() error {
			for range 3 {
				if _, err := a.Sendall([]byte("ooo"), 0); err != nil {
					return err
				}
			}
			return a.Shutdown(sock.SHUT_WR)
		})
		got, err := collect(b, 64<<10)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
		socktest.Must(t, others.Wait(t))
		if want := string(content) + "ooooooooo"; string(got) != want {
			t.Errorf("%d bytes came, and they are not in order", len(got))
		}
	})
}

// A cancel that comes too late for a Sendfile in a task ends the task's next wait.
func TestSendfileAndCancelThatIsLate(t *testing.T) {
	socktest.Check(t)
	r, err := loop.Default()
	socktest.Must(t, err)
	l := r.Next()
	a, _ := socktest.LocalStream.Pair(t)
	f := onDisk(t, hello)
	defer f.Close()
	results, made := make(chan error, 2), make(chan *loop.Task, 1)
	file := seeking{f, func() { // runs in the closing phase
		task := <-made
		task.Cancel()
		heard := make(chan struct{})
		l.Post(func() { close(heard) })
		<-heard
	}}
	made <- l.Go(func(task *loop.Task) {
		_, err := a.In(task).Sendfile(file, 0, -1)
		results <- err
		results <- task.Sleep(socktest.Patience)
	})
	for i, want := range []error{nil, context.Canceled} {
		if err := socktest.Start(func() error { return <-results }).Wait(t); err != want {
			t.Errorf("wait %d: %v, want %v", i, err, want)
		}
	}
}

// A socket without a loop joins the task's loop when its Sendfile has to wait for anything.
func TestSendfileJoinsTheTasksLoop(t *testing.T) {
	socktest.Check(t)
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	socktest.Must(t, err)
	defer r.Close()
	l := r.Next()
	f := onDisk(t, hello)
	defer f.Close()
	send := func(a *sock.Socket) *socktest.Call {
		return socktest.Start(func() (err error) {
			task := l.Go(func(task *loop.Task) { _, err = a.In(task).Sendfile(f, 0, -1) })
			return errors.Join(task.Wait(t.Context()), err)
		})
	}
	t.Run("behind another", func(t *testing.T) {
		a, _ := socktest.LocalStream.Pair(t)
		disk, inDisk := make(chan struct{}), make(chan struct{}, 10)
		sock.WithSendfile(func(call func(int, int, int64, int) (int, error), to, from int, offset int64, n int) (int, error) {
			inDisk <- struct{}{}
			<-disk
			return call(to, from, offset, n)
		}, func() {
			first := send(a)
			<-inDisk
			second := send(a)
			socktest.AwaitWaiting(t, a)
			if a.Loop() != l {
				t.Error("it has joined another")
			}
			close(disk)
			socktest.Must(t, first.Wait(t))
			socktest.Must(t, second.Wait(t))
		})
		a.Close()
	})
	t.Run("found writable, and took nothing", func(t *testing.T) {
		a, _ := socktest.LocalStream.Pair(t)
		calls := 0
		sock.WithSendfile(func(call func(int, int, int64, int) (int, error), to, from int, offset int64, n int) (int, error) {
			if calls++; calls == 1 {
				return 0, loop.ErrAgain
			}
			return call(to, from, offset, n)
		}, func() { socktest.Must(t, send(a).Wait(t)) })
		if a.Loop() != l {
			t.Error("it has joined another")
		}
		a.Close()
	})
}
