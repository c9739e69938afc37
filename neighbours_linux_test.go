package pollux_test

import (
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/internal/pollers"
	"github.com/polluxio/pollux/internal/pollertest"
	"golang.org/x/sys/unix"
)

// A goroutine that is ready runs: a poller keeps no processor that the rest of the program needs.
// These tests measure the effect on the rest of the program. A busy machine delays it too. So each
// test has several tries. Its limit is far above the time on a quiet machine, and far below the
// cost of a poller that keeps its processor, which is 10 ms and more.

// tries is the number of tries of a measurement.
const tries = 5

// atMost repeats a measurement until its median is within limit.
func atMost(t *testing.T, limit time.Duration, measure func() []time.Duration) {
	t.Helper()
	for range tries {
		waits := measure()
		slices.Sort(waits)
		middle := waits[len(waits)/2]
		if middle <= limit {
			return
		}
		t.Logf("half of %d waits took more than %v, the longest %v", len(waits), middle, waits[len(waits)-1])
	}
	t.Errorf("half of the waits took more than %v", limit)
}

// mine is the token of the descriptor under test.
var mine = pollux.MakeToken(7, 3)

func add(t *testing.T, p *poller, fd int, token pollux.Token) {
	t.Helper()
	if err := p.Add(fd, token); err != nil {
		t.Fatal(err)
	}
}

// A traffic keeps a poller busy. start returns a function that makes one turn of it.
type traffic struct {
	name  string
	start func(t *testing.T, p *poller) (turn func() error)
}

var (
	alwaysAnEvent = traffic{"always an event", func(t *testing.T, p *poller) func() error {
		a, b := pollertest.Pair(t)
		add(t, p, a, mine)
		events, buf := make([]pollux.Event, 16), make([]byte, 64)
		return func() error {
			unix.Write(b, buf[:1])
			_, err := p.Wait(events, -1)
			unix.Read(a, buf)
			return err
		}
	}}
	workOfItsOwn = traffic{"work of its own", func(_ *testing.T, p *poller) func() error {
		events := make([]pollux.Event, 16)
		return func() error {
			_, err := p.Wait(events, 0)
			return err
		}
	}}
	shortWaits = traffic{"an event every 200 us", func(_ *testing.T, p *poller) func() error {
		events := make([]pollux.Event, 16)
		return func() error {
			_, err := p.Wait(events, 200*time.Microsecond)
			return err
		}
	}}
)

// keepBusy keeps so many pollers busy until the test is over.
func keepBusy(t *testing.T, with traffic, n int) {
	t.Helper()
	var over atomic.Bool
	var all sync.WaitGroup
	for range n {
		turn := with.start(t, newPoller(t))
		all.Go(func() {
			for !over.Load() {
				if err := turn(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	t.Cleanup(func() { // before the pollers are closed
		over.Store(true)
		all.Wait()
	})
}

// A neighbour is another part of the program. step waits for an event that is ready after about
// after, and then needs a processor.
type neighbour struct {
	name  string
	after time.Duration
	make  func(t *testing.T) (step func())
}

var neighbours = []neighbour{
	{"timer", time.Millisecond, func(t *testing.T) func() {
		return func() { time.Sleep(time.Millisecond) }
	}},
	{"channel", 0, func(t *testing.T) func() {
		there, back := make(chan int), make(chan int)
		t.Cleanup(func() { close(there) })
		go func() {
			for v := range there {
				back <- v
			}
		}()
		return func() { there <- 1; <-back }
	}},
	{"Go's own poller", time.Millisecond, func(t *testing.T) func() {
		clock := newClock(t, unix.TFD_NONBLOCK)
		file := os.NewFile(uintptr(clock), "timerfd")
		t.Cleanup(func() { file.Close() })
		return func() {
			expire(t, clock, time.Millisecond)
			if _, err := file.Read(make([]byte, 8)); err != nil {
				t.Error(err)
			}
		}
	}},
	{"package net", 0, func(t *testing.T) func() {
		client, server := connection(t)
		go func() {
			for b := make([]byte, 8); ; {
				n, err := server.Read(b)
				if err != nil {
					return
				}
				server.Write(b[:n])
			}
		}()
		return func() {
			client.Write([]byte("x"))
			if _, err := client.Read(make([]byte, 8)); err != nil {
				t.Error(err)
			}
		}
	}},
	{"blocking system call", time.Millisecond, func(t *testing.T) func() {
		clock := newClock(t, 0)
		t.Cleanup(func() { unix.Close(clock) })
		return func() {
			expire(t, clock, time.Millisecond)
			for {
				if _, err := unix.Read(clock, make([]byte, 8)); err != unix.EINTR {
					return
				}
			}
		}
	}},
	// Each garbage collection does this twice. The time of the rest of a collection depends on the
	// machine.
	{"stop of the world", 0, func(t *testing.T) func() {
		var stats runtime.MemStats
		return func() { runtime.ReadMemStats(&stats) }
	}},
}

func newClock(t *testing.T, flags int) int {
	t.Helper()
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|flags)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// expire makes a timerfd readable. Go needs no processor for that.
func expire(t *testing.T, fd int, after time.Duration) {
	if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(after))}, nil); err != nil {
		t.Error(err)
	}
}

// connection returns a TCP connection of package net.
func connection(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestNeighbours(t *testing.T) {
	bare.FineClock(t)
	for _, procs := range []int{1, 2} {
		for _, busy := range []traffic{alwaysAnEvent, workOfItsOwn, shortWaits} {
			for _, other := range neighbours {
				name := []string{"", "one processor", "two processors"}[procs] + "/" + busy.name + "/" + other.name
				t.Run(name, func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
					step := other.make(t)
					keepBusy(t, busy, procs)
					atMost(t, other.after+3*time.Millisecond, func() (waits []time.Duration) {
						for range 30 {
							since := time.Now()
							step()
							waits = append(waits, time.Since(since))
						}
						return waits
					})
				})
			}
		}
	}
}

// A goroutine that a poller's user makes ready runs while the poller waits. It does not have to
// wait until sysmon takes the processor from the poller.
func TestWokenByUser(t *testing.T) {
	for _, procs := range []int{1, 2} {
		t.Run([]string{"", "one processor", "two processors"}[procs], func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			keepBusy(t, workOfItsOwn, procs-1) // so that no processor is free
			p := newPoller(t)
			news, took := make(chan time.Time), make(chan time.Duration, 1)
			defer close(news)
			go func() {
				for at := range news {
					took <- time.Since(at)
				}
			}()
			events := make([]pollux.Event, 1)
			atMost(t, time.Millisecond, func() (waits []time.Duration) {
				for range 30 {
					news <- time.Now()
					if _, err := p.Wait(events, 20*time.Millisecond); err != nil {
						t.Fatal(err)
					}
					waits = append(waits, <-took)
				}
				return waits
			})
		})
	}
}

// While other goroutines compute and yield, Go asks its own poller only every 10 ms. An event must
// not wait for that.
func TestBesideGoroutinesThatCompute(t *testing.T) {
	bare.FineClock(t)
	for _, procs := range []int{1, 2} {
		t.Run([]string{"", "one processor", "two processors"}[procs], func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			var over atomic.Bool
			var hogs sync.WaitGroup
			defer hogs.Wait()
			defer over.Store(true)
			for range 2 * procs {
				hogs.Go(func() {
					for !over.Load() {
						for since := time.Now(); time.Since(since) < 50*time.Microsecond; {
						}
						runtime.Gosched()
					}
				})
			}
			p := newPoller(t)
			clock := newClock(t, unix.TFD_NONBLOCK)
			defer unix.Close(clock)
			add(t, p, clock, mine)
			events := make([]pollux.Event, 1)
			const after = 100 * time.Microsecond
			atMost(t, 3*time.Millisecond, func() (waits []time.Duration) {
				for range 30 {
					since := time.Now()
					expire(t, clock, after)
					for n := 0; n == 0; {
						var err error
						if n, err = p.Wait(events, patience); err != nil {
							t.Fatal(err)
						}
					}
					waits = append(waits, time.Since(since))
				}
				return waits
			})
		})
	}
}

// Pollers without events cost nothing, in any number, also after another goroutine has computed.
func TestIdlePollersCostNothing(t *testing.T) {
	for _, procs := range []int{1, 2} {
		for _, n := range []int{1, 4, 100} {
			t.Run([]string{"", "one processor", "two processors"}[procs], func(t *testing.T) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				var over atomic.Bool
				var all sync.WaitGroup
				var pollers []*poller
				for range n {
					p := newPoller(t)
					pollers = append(pollers, p)
					all.Go(func() {
						for events := make([]pollux.Event, 1); !over.Load(); {
							if _, err := p.Wait(events, -1); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
				t.Cleanup(func() { // before they are closed
					over.Store(true)
					for _, p := range pollers {
						p.Wake()
					}
					all.Wait()
				})
				const idle = 200 * time.Millisecond
				var used time.Duration
				for range tries {
					for since := time.Now(); time.Since(since) < time.Millisecond; {
						runtime.Gosched()
					}
					before := cpu(t)
					time.Sleep(idle)
					if used = cpu(t) - before; used < idle/10 {
						break
					}
				}
				if used >= idle/10 {
					t.Errorf("%d idle pollers used %v of %v", n, used, idle)
				}
			})
		}
	}
}

// cpu returns the CPU time of the process.
func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// newPoller makes a poller with the default Config.
func newPoller(t *testing.T) *poller {
	t.Helper()
	return open(t, func() (pollers.Poller, error) { return pollux.New(nil) })
}
