package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// readyLimit is how long anything beside pollux may be ready and not run, on a machine that is
	// idle otherwise.
	readyLimit = 5 * time.Millisecond

	// readyTries is how often a cell above the limit is looked at again, beside the same with
	// package net in pollux's place. Pollux's best try counts, since on a busy machine any single
	// one is late, and package net's median: its best may be a lucky one, and two bests of a few
	// tries then differ without a cause.
	readyTries = 9

	// fewestTries is how many tries show that package net keeps the neighbour waiting as well.
	fewestTries = 3

	// likeNet is how many times as long as beside package net is no difference: single worst waits
	// vary, and those of 10 ms come in multiples.
	likeNet = 2

	cellLength = 100 * time.Millisecond
)

// busyLimit is the part of the machine's time that programs other than the test's may use during a
// cell.
const busyLimit = 0.15

// busyTries is how many cells in a row may meet a busy machine until the test gives up.
const busyTries = 10

// TestNeighbours holds pollux to its rule: a goroutine that is ready runs. Everything that lives in
// one process with busy sockets of pollux runs within 5 ms: connections of package net, net/http,
// goroutines with a channel, a timer, the garbage collector, files, and goroutines that pollux's
// own callbacks, tasks and futures make ready. Where package net in pollux's place keeps them
// waiting as well, as on one processor with a goroutine that never has to wait, pollux may too.
//
// It needs an idle machine. When other programs use it, as the tests of other packages do, the test
// is skipped, or fails if POLLUX_TEST_IDLE is set. .ci/run runs this test alone and shows a skip;
// it does not set the variable, since it cannot know what else its machine does.
func TestNeighbours(t *testing.T) {
	set := neighbourSettings{Traffics: traffics, Neighbours: builtNeighbours()}
	for _, procs := range []int{1, 2} {
		for _, kind := range traffics {
			if testing.Short() && kind.Name != trafficOne {
				continue // one kind shows the rule, in a quarter of the time
			}
			t.Run(fmt.Sprintf("GOMAXPROCS=%d/%s", procs, kind.Name), func(t *testing.T) {
				net := visitorOf(t, kind, peerNet, procs, 0, 0)
				for _, mode := range modes {
					v := visitorOf(t, kind, mode, procs, 0, 0)
					for _, n := range set.beside(kind) {
						if !n.Few {
							checkReady(t, v, net, n)
						}
					}
				}
			})
		}
	}
}

// ordinary are the neighbours that most programs have.
var ordinary = []string{neighbourNet, neighbourTimer, neighbourWoken}

// TestNeighboursOfManyLoops is the same with more loops than processors, whose goroutines wait for
// a processor as all others do.
func TestNeighboursOfManyLoops(t *testing.T) {
	for _, procs := range []int{1, 2} {
		for _, kind := range traffics[:2] {
			if procs > 1 && kind.Name == trafficHundred {
				continue // eight busy threads and the generator on two cores: the kernel makes them wait
			}
			t.Run(fmt.Sprintf("GOMAXPROCS=%d/%s", procs, kind.Name), func(t *testing.T) {
				net := visitorOf(t, kind, peerNet, procs, 0, 0)
				for _, mode := range modes {
					v := visitorOf(t, kind, mode, procs, 4*procs, 0)
					for _, n := range neighbourKinds {
						if slices.Contains(ordinary, n.Name) {
							checkReady(t, v, net, n)
						}
					}
				}
			})
		}
	}
}

// TestNeighboursUnderQuota is the same in containers with half a processor. It has the traffic and
// the neighbours that need less than that: the quota stops none of them, so they keep the limit. A
// busy host stands still for a part of each 100 ms there, with package net as with pollux.
func TestNeighboursUnderQuota(t *testing.T) {
	const percent = 50
	if q, err := newQuota(fmt.Sprintf("pollux-test-%d", os.Getpid()), percent); err != nil {
		t.Skipf("%v: needs a writable cgroup", err)
	} else if err := q.close(); err != nil {
		t.Fatal(err)
	}
	for _, procs := range []int{1, 2} {
		t.Run(fmt.Sprintf("GOMAXPROCS=%d", procs), func(t *testing.T) {
			net := visitorOf(t, traffics[0], peerNet, procs, 0, percent)
			for _, mode := range modes {
				v := visitorOf(t, traffics[0], mode, procs, 0, percent)
				for _, n := range neighbourKinds {
					if n.Name == neighbourTimer || n.Name == neighbourWoken {
						checkReady(t, v, net, n)
					}
				}
			}
		})
	}
}

// visitorOf starts a host. loops is GOMAXPROCS if it is 0. It has a quota of so many percent of a
// processor, unless percent is 0.
func visitorOf(t *testing.T, kind trafficKind, mode string, procs, loops, percent int) *visitor {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{mode: mode}
	t.Cleanup(v.end)
	if err := v.start(self, kind, procs, loops, -1); err != nil {
		t.Fatal(v.explain(err))
	}
	if percent > 0 {
		if err := v.limit(percent); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

// checkReady fails if a neighbour waits too long beside v, every time, and does not beside net.
func checkReady(t *testing.T, v, net *visitor, n neighbourKind) {
	t.Helper()
	best := lateness(t, v, n)
	if best <= readyLimit {
		return
	}
	var besides []time.Duration
	var beside time.Duration
	for range readyTries {
		besides = append(besides, lateness(t, net, n))
		slices.Sort(besides)
		beside = besides[len(besides)/2]
		best = min(best, lateness(t, v, n))
		if best <= readyLimit {
			return
		}
		if len(besides) >= fewestTries && beside > readyLimit && !worse(best, beside) {
			break // net waits as well
		}
	}
	report := t.Logf
	if worse(best, beside) {
		report = t.Errorf
	}
	report("%s beside %s: ready for %v at the best of %d tries; beside package net %v, the median", n.Name, v.mode, best, len(besides)+1, beside)
}

func worse(d, beside time.Duration) bool { return float64(d) > likeNet*float64(beside) }

// lateness is the longest that the neighbour waited in one visit, or that any goroutine was ready,
// on an idle machine.
func lateness(t *testing.T, v *visitor, n neighbourKind) time.Duration {
	t.Helper()
	for range busyTries {
		before := usedByOthers(t, v)
		got, err := v.visit(n, skip, cellLength)
		if err != nil {
			t.Fatalf("%s beside %s: %v", n.Name, v.mode, v.explain(err))
		}
		used := usedByOthers(t, v) - before
		if float64(used) > busyLimit*float64(time.Duration(runtime.NumCPU())*(skip+cellLength)) {
			continue
		}
		if got.Neighbour.Worst == 0 {
			return cellLength // it did not have a single turn
		}
		late := got.Ready
		if n.Name != neighbourGC { // whose time is that of a collection
			late = max(late, got.Neighbour.Worst)
		}
		return time.Duration(late * float64(time.Microsecond))
	}
	if os.Getenv("POLLUX_TEST_IDLE") != "" {
		t.Fatal("other programs use the machine, and POLLUX_TEST_IDLE says that none do")
	}
	t.Skip("other programs use the machine: run this test alone, on an idle one")
	return 0
}

// usedByOthers is the CPU time that the machine has spent for other programs than this one and v's.
// It is exact to some ticks of 10 ms.
func usedByOthers(t *testing.T, v *visitor) time.Duration {
	t.Helper()
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Skipf("%v: without it the test does not know whether the machine is idle", err)
	}
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if _, err := fmt.Sscanf(string(stat), "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); err != nil {
		t.Fatalf("/proc/stat: %v", err)
	}
	const tick = 10 * time.Millisecond // USER_HZ of <asm/param.h>
	all := time.Duration(user+nice+system+irq+softirq+steal) * tick
	var own unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &own); err != nil {
		t.Fatal(err)
	}
	host, err := v.process.cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	return all - time.Duration(own.Utime.Nano()+own.Stime.Nano()) - host
}

// TestNeighboursQuick runs the whole command, with every kind of neighbour, and one of each
// traffic.
func TestNeighboursQuick(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.json")
	args := []string{"neighbours", "-quick", "-modes", "callback,future", "-procs", "1", "-all", "-json", file}
	var stdout, stderr bytes.Buffer
	if status := run(args, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d\n%s\n%s", status, &stderr, &stdout)
	}
	for _, want := range []string{"rate/net", "udp: a UDP socket", "timer+hogs", "CPU us/s", "rate of the neighbour"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the report has no %q:\n%s", want, &stdout)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r neighbourReport
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Streets) != len(traffics) {
		t.Fatalf("%d kinds of traffic", len(r.Streets))
	}
	for _, s := range r.Streets {
		if want := 3 * len(builtNeighbours()); len(s.Cells) != want {
			t.Errorf("%s: %d cells, want %d", s.Traffic.Name, len(s.Cells), want)
		}
		for _, c := range s.Cells {
			if len(c.Neighbours) != 1 || len(c.Traffics) != 1 {
				t.Errorf("%s beside %s, %s: %d and %d samples, want one", c.Neighbour, s.Traffic.Name, c.Mode, len(c.Neighbours), len(c.Traffics))
			}
		}
	}
}

// The generator finds out about answers that are wrong, and about none.
func TestGenerator(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProcess([]string{self, "corrupt", "100"}, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	g, err := newGenerator()
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	if err := g.connect(p.addr, 64, 0, newSeries()); err != nil {
		t.Fatal(err)
	}
	if err := g.load(time.Second); err == nil || !strings.Contains(err.Error(), "never sent") {
		t.Errorf("a server that changes bytes: %v", err)
	}
}
