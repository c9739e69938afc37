package pollers

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// These tests cover promises of pollux.Poller beside the test files of the root: many descriptors,
// descriptors that are closed while the poller waits, and numbers that are used again.

// onAll runs a test on every poller of this package, and on the system's.
func onAll(t *testing.T, test func(t *testing.T, p Poller)) {
	all := map[string]func() (Poller, error){"epoll": func() (Poller, error) { return pollux.New(nil) }}
	maps.Copy(all, named)
	for name, open := range all {
		t.Run(name, func(t *testing.T) {
			p, err := open()
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			test(t, p)
		})
	}
}

func pairOf(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EMFILE) {
		t.Skipf("%v: raise the limit of open files (ulimit -n)", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

// reported collects events until each of want tokens has come with Readable. Otherwise it fails.
func reported(t *testing.T, p Poller, want int) map[pollux.Token]bool {
	t.Helper()
	got := make(map[pollux.Token]bool)
	events := make([]pollux.Event, 256)
	for end := time.Now().Add(patience); len(got) < want; {
		n, err := p.Wait(events, max(time.Until(end), 0))
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range events[:n] {
			if ev.Ready&pollux.Readable != 0 {
				got[ev.Token] = true
			}
		}
		if n == 0 && !time.Now().Before(end) {
			t.Fatalf("%d of %d were reported", len(got), want)
		}
	}
	return got
}

func TestTenThousandDescriptors(t *testing.T) {
	onAll(t, func(t *testing.T, p Poller) {
		pairs := 5000 // each has two descriptors
		var limit unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		if most := int(min(limit.Cur, 1<<20))/2 - 100; most < pairs {
			t.Skipf("%d open files are allowed: raise the limit (ulimit -n) to %d", limit.Cur, 2*pairs+200)
		}
		peers := make([]int, pairs)
		for i := range pairs {
			a, b := pairOf(t)
			defer unix.Close(a)
			defer unix.Close(b)
			peers[i] = b
			for slot, fd := range []int{a, b} {
				if err := p.Add(fd, pollux.MakeToken(uint32(2*i+slot), 1)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, fd := range peers {
			send(t, fd)
		}
		reported(t, p, pairs)
	})
}

// A registration is deleted and its descriptor closed while the poller waits. Another descriptor
// gets the number at once.
func TestClosedAndUsedAgainDuringWait(t *testing.T) {
	onAll(t, func(t *testing.T, p Poller) {
		var mu sync.Mutex
		var dead []pollux.Token
		over, stop := make(chan error, 1), make(chan struct{})
		go func() {
			events := make([]pollux.Event, 16)
			for {
				mu.Lock()
				before := len(dead) // deleted before this Wait begins
				mu.Unlock()
				n, err := p.Wait(events, patience)
				if err != nil {
					over <- err
					return
				}
				mu.Lock()
				for _, ev := range events[:n] {
					if slices.Contains(dead[:before], ev.Token) {
						mu.Unlock()
						over <- errors.New("a deleted token was reported")
						return
					}
				}
				mu.Unlock()
				select {
				case <-stop:
					over <- nil
					return
				default:
				}
			}
		}()
		for i := range 200 {
			a, b := pairOf(t)
			token := pollux.MakeToken(uint32(a), uint32(i+1))
			if err := p.Add(a, token); err != nil {
				t.Fatal(err)
			}
			send(t, b)
			if err := p.Delete(a, token); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			dead = append(dead, token)
			mu.Unlock()
			unix.Close(a)
			unix.Close(b)
		}
		close(stop)
		if err := p.Wake(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-over:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("Wait does not return")
		}
	})
}

// Data that comes between an attempt that found nothing and Arm is not lost.
func TestNothingIsLostBeforeArm(t *testing.T) {
	onAll(t, func(t *testing.T, p Poller) {
		a, b := pairOf(t)
		defer unix.Close(a)
		defer unix.Close(b)
		if err := p.Add(a, mine); err != nil {
			t.Fatal(err)
		}
		go func() {
			for range 2000 {
				for {
					if _, err := unix.Write(b, []byte("x")); err != unix.EAGAIN {
						break
					}
				}
			}
		}()
		buf := make([]byte, 64)
		events := make([]pollux.Event, 4)
		for got, end := 0, time.Now().Add(patience); got < 2000; {
			n, err := unix.Read(a, buf)
			if err == nil {
				got += n
				continue
			}
			if err != unix.EAGAIN {
				t.Fatal(err)
			}
			if err := p.Arm(a, mine, pollux.Readable); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Wait(events, max(time.Until(end), 0)); err != nil {
				t.Fatal(err)
			}
			if !time.Now().Before(end) {
				t.Fatalf("%d of 2000 bytes came: an arrival was lost", got)
			}
		}
	})
}
