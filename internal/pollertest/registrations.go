package pollertest

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
)

// Any goroutine may call Add and Delete, also during a Wait. After Delete has returned, no Wait
// that begins reports the token.

func testAddDuringWait(t *testing.T, open opener) {
	p := open(t)
	a, _ := Pair(t)
	events := make([]pollux.Event, 1)
	ch := Waiting(p, events, patience)
	add(t, p, a, mine)
	if n := End(t, ch); n != 1 || events[0] != (pollux.Event{Token: mine, Ready: pollux.Writable}) {
		t.Errorf("Wait told %v of %d", events[0], n)
	}
}

func testDeletedIsSilent(t *testing.T, open opener) {
	for _, tt := range keepers {
		t.Run(tt.name, func(t *testing.T) {
			p := open(t)
			a, b := Pair(t)
			tt.keep(t, a)
			add(t, p, a, mine)
			await(t, p, mine, pollux.Writable)

			write(t, b, "an edge that was not reported")
			if err := p.Delete(a, mine); err != nil {
				t.Fatal(err)
			}
			quiet(t, p, mine, ^pollux.Ready(0), "it was deleted")
			closeFD(a)
			quiet(t, p, mine, ^pollux.Ready(0), "it was deleted and closed")
			send(b, "x") // an error without a duplicate
			shutdown(b, shutWrite)
			quiet(t, p, mine, ^pollux.Ready(0), "it was deleted, though its duplicate lives")
		})
	}
}

// A keeper makes a duplicate of a descriptor. It keeps the registration, unless Delete ends that.
type keeper struct {
	name string
	keep func(t *testing.T, fd int)
}

// A waiter makes Waits on a goroutine of its own until stop, and reports tokens that came in a Wait
// which began after their Delete had returned.
type waiter struct {
	begun atomic.Int64 // Waits
	gone  sync.Map     // pollux.Token: begun, once Delete had returned
	halt  atomic.Bool
	over  chan struct{}
}

func startWaiter(t *testing.T, p *Poller) *waiter {
	w := &waiter{over: make(chan struct{})}
	go func() {
		defer close(w.over)
		events := make([]pollux.Event, 16)
		for !w.halt.Load() {
			this := w.begun.Add(1)
			n, err := p.Wait(events, -1)
			if err != nil {
				t.Error(err)
				return
			}
			for _, ev := range events[:n] {
				if last, ok := w.gone.Load(ev.Token); ok && this > last.(int64) {
					t.Errorf("Wait %d tells %v; it was deleted during Wait %d", this, ev, last)
				}
			}
		}
	}()
	return w
}

func (w *waiter) stop(t *testing.T, p *Poller) {
	t.Helper()
	w.halt.Store(true)
	if err := p.Wake(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.over:
	case <-time.After(patience):
		t.Fatal("Wait does not return")
	}
}

func testDeleteDuringWait(t *testing.T, open opener) {
	p := open(t)
	w := startWaiter(t, p)
	var wg sync.WaitGroup
	for g := range 4 {
		a, b := Pair(t)
		wg.Go(func() {
			for i := range 200 {
				token := pollux.MakeToken(uint32(g), uint32(i+1))
				if err := p.Add(a, token); err != nil {
					t.Error(err)
					return
				}
				send(b, "x")
				err := p.Delete(a, token)
				if p.OneShot() && i%2 != 0 {
					err = errors.Join(err, p.Add(a, token), p.Arm(a, token, pollux.Writable), p.Delete(a, token))
				}
				if err != nil {
					t.Error(err)
					return
				}
				w.gone.Store(token, w.begun.Load())
				send(b, "y")
			}
		})
	}
	wg.Wait()
	w.stop(t, p)
}

// A registration is deleted and its descriptor closed while the poller waits. Another descriptor
// gets the number at once.
func testClosedAndUsedAgain(t *testing.T, open opener) {
	p := open(t)
	w := startWaiter(t, p)
	for i := range 200 {
		a, b := Pair(t)
		token := pollux.MakeToken(uint32(a), uint32(i+1))
		add(t, p, a, token)
		write(t, b, "x")
		if err := p.Delete(a, token); err != nil {
			t.Fatal(err)
		}
		w.gone.Store(token, w.begun.Load())
		closeFD(a)
		closeFD(b)
	}
	w.stop(t, p)
}

// A number that is added again is a new registration.
func testAddAgain(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	if err := p.Delete(a, mine); err != nil {
		t.Fatal(err)
	}
	write(t, b, "x")
	next := pollux.MakeToken(mine.Slot(), mine.Generation()+1)
	add(t, p, a, next)
	told := pollux.Ready(0)
	gather(t, p, func(ev pollux.Event) bool {
		if ev.Token != next {
			t.Errorf("told %v of %#x, which was deleted", ev.Ready, ev.Token)
		}
		told |= ev.Ready
		return told == pollux.Readable|pollux.Writable
	}, func() { t.Fatalf("told %v, want readable and writable", told) })
}

// Errors are *os.SyscallError around the errno.
func testErrors(t *testing.T, open opener) {
	p := open(t)
	a, b := Pair(t)
	add(t, p, a, mine)
	const gone = 0x7ffffff0 // a number that is not in use
	plain, err := os.Create(filepath.Join(bare.Dir(t), "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()

	unless := func(allowed bool, err ...error) []error {
		if allowed {
			return nil
		}
		return err
	}
	for _, tt := range []struct {
		name string
		err  error
		want []error // any of them
	}{
		{"add what is there", p.Add(a, mine), unless(p.Replaces, errExists)},
		{"add it under another token", p.Add(a, pollux.MakeToken(9, 9)), unless(p.Replaces, errExists)},
		{"add a plain file", p.Add(int(plain.Fd()), pollux.MakeToken(1, 1)), unless(p.Files, errFile)},
		{"add what is not open", p.Add(gone, pollux.MakeToken(1, 1)), []error{errNotOpen}},
		{"add what never was", p.Add(-1, pollux.MakeToken(1, 1)), []error{errNotOpen}},
		{"delete what is not there", p.Delete(b, mine), []error{errAbsent}},
		{"delete what is not open", p.Delete(gone, mine), []error{errNotOpen, errAbsent}},
		{"delete", p.Delete(a, mine), nil},
		{"delete again", p.Delete(a, mine), []error{errAbsent}},
		{"wait without room", func() error { _, err := p.Wait(nil, 0); return err }(), []error{errNoRoom}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == nil {
				if tt.err != nil {
					t.Errorf("got %v", tt.err)
				}
				return
			}
			var call *os.SyscallError
			is := slices.ContainsFunc(tt.want, func(want error) bool { return errors.Is(tt.err, want) })
			if !is || !errors.As(tt.err, &call) {
				t.Errorf("got %#v, want an *os.SyscallError around one of %v", tt.err, tt.want)
			}
		})
	}
}
