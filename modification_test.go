//go:build unix

package pollux_test

import (
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"golang.org/x/sys/unix"
)

// Any goroutine may call Add and Delete, also during a Wait. After Delete has returned, no Wait
// that begins reports the token.

func TestAddDuringWait(t *testing.T) { onEveryPoller(t, testAddDuringWait) }

func testAddDuringWait(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, _ := pair(t)
	events := make([]pollux.Event, 1)
	ch := waiting(p, events, patience)
	add(t, p, a, mine)
	if n := end(t, ch); n != 1 || events[0] != (pollux.Event{Token: mine, Ready: pollux.Writable}) {
		t.Errorf("Wait told %v of %d", events[0], n)
	}
}

func TestDeletedIsSilent(t *testing.T) { onEveryPoller(t, testDeletedIsSilent) }

func testDeletedIsSilent(t *testing.T, newPoller maker) {
	for _, tt := range []struct {
		name string
		keep func(t *testing.T, fd int) // makes a duplicate: it keeps the registration unless Delete ends that
	}{
		{"one descriptor", func(*testing.T, int) {}},
		{"duplicate here", func(t *testing.T, fd int) {
			dup, err := unix.Dup(fd)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Close(dup) })
		}},
		{"duplicate in a child", inherit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPoller(t)
			a, b := pair(t)
			tt.keep(t, a)
			add(t, p, a, mine)
			await(t, p, mine, pollux.Writable)

			write(t, b, "an edge that was not reported")
			if err := p.Delete(a, mine); err != nil {
				t.Fatal(err)
			}
			quiet(t, p, mine, ^pollux.Ready(0), "it was deleted")
			unix.Close(a)
			quiet(t, p, mine, ^pollux.Ready(0), "it was deleted and closed")
			unix.Write(b, []byte("x")) // EPIPE without a duplicate
			unix.Shutdown(b, unix.SHUT_WR)
			quiet(t, p, mine, ^pollux.Ready(0), "it was deleted, though its duplicate lives")
		})
	}
}

// child marks a process that holds its inherited descriptors until its standard input ends.
const child = "POLLUX_TEST_HOLD"

// inherit makes a child process hold a duplicate of fd.
func inherit(t *testing.T, fd int) {
	dup, err := unix.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(dup), "inherited")
	defer file.Close()
	cmd := bare.Program(t, "-test.run=^TestHold$")
	cmd.Env = append(os.Environ(), child+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles = []*os.File{file}
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		hold.Close()
		io.Copy(io.Discard, out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	})
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("child: %v", err)
	}
}

func TestHold(t *testing.T) {
	if os.Getenv(child) == "" {
		t.Skip("runs in a child of TestDeletedIsSilent")
	}
	os.Stdout.WriteString("+")
	io.Copy(io.Discard, os.Stdin)
}

func TestDeleteDuringWait(t *testing.T) { onEveryPoller(t, testDeleteDuringWait) }

func testDeleteDuringWait(t *testing.T, newPoller maker) {
	p := newPoller(t)
	const goroutines, each = 4, 200

	var begun atomic.Int64 // Waits
	var gone sync.Map      // pollux.Token: begun, once Delete had returned
	var stop atomic.Bool
	over := make(chan struct{})
	go func() {
		defer close(over)
		events := make([]pollux.Event, 16)
		for !stop.Load() {
			this := begun.Add(1)
			n, err := p.Wait(events, -1)
			if err != nil {
				t.Error(err)
				return
			}
			for _, ev := range events[:n] {
				if last, ok := gone.Load(ev.Token); ok && this > last.(int64) {
					t.Errorf("Wait %d tells %v; it was deleted during Wait %d", this, ev, last)
				}
			}
		}
	}()

	var wg sync.WaitGroup
	for g := range goroutines {
		a, b := pair(t)
		wg.Go(func() {
			for i := range each {
				token := pollux.MakeToken(uint32(g), uint32(i+1))
				if err := p.Add(a, token); err != nil {
					t.Error(err)
					return
				}
				unix.Write(b, []byte("x"))
				if err := p.Delete(a, token); err != nil {
					t.Error(err)
					return
				}
				gone.Store(token, begun.Load())
				unix.Write(b, []byte("y"))
			}
		})
	}
	wg.Wait()
	stop.Store(true)
	if err := p.Wake(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-over:
	case <-time.After(patience):
		t.Fatal("Wait does not return")
	}
}

// A number that is added again is a new registration.
func TestAddAgain(t *testing.T) { onEveryPoller(t, testAddAgain) }

func testAddAgain(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	if err := p.Delete(a, mine); err != nil {
		t.Fatal(err)
	}
	write(t, b, "x")
	next := pollux.MakeToken(mine.Slot(), mine.Generation()+1)
	add(t, p, a, next)
	for tok, told := range look(t, p) {
		if tok != next || told != pollux.Readable|pollux.Writable {
			t.Errorf("told %v of %#x, want readable and writable of %#x", told, tok, next)
		}
	}
}
