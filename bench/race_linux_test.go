package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// raceAgainst runs a scenario with package net and with another program in the place of the server
// in C.
func raceAgainst(t *testing.T, program string, sc scenario) (*report, []*serverResult) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	impls, err := parseList("impls", "c,net", echoSuite.Impls, func(i impl) string { return i.Name })
	if err != nil {
		t.Fatal(err)
	}
	s := &session{
		ctx:      t.Context(),
		settings: settings{Suite: &echoSuite, Impls: impls, Cycles: 2, Slice: 12 * time.Millisecond, Skip: 3 * time.Millisecond},
		progress: newProgress(io.Discard, 0),
		report:   &report{suite: &echoSuite},
		self:     self,
		built:    map[string]string{peerC: program},
	}
	servers, err := (&race{session: s, scenario: sc, procs: 1, core: -1}).run()
	if err != nil {
		t.Fatal(err)
	}
	return s.report, servers
}

// corrupting is a program without arguments that runs serveCorrupt.
func corrupting(t *testing.T, every int) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(t.TempDir(), "corrupt")
	if err := os.WriteFile(script, []byte("#!/bin/sh\nexec '"+self+"' corrupt "+strconv.Itoa(every)+"\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	return script
}

// A server that fails is in the report, and the others go on.
func TestFailingServer(t *testing.T) {
	echo := scenario{Name: "4x4", Kind: kindEcho, Conns: 4, Depth: 4, Size: 1 << 10}
	churn := scenario{Name: "churn", Kind: kindChurn, Conns: 4, Depth: 1, Size: 4 << 10}
	tests := []struct {
		name    string
		program string
		load    scenario
		want    string
	}{
		{"does not start", "/bin/false", echo, "did not start: it said nothing"},
		{"is not there", "/nonexistent", echo, "no such file"},
		{"changes bytes", corrupting(t, 100_000), echo, "did not match what was sent"},
		{"changes bytes of short connections", corrupting(t, 4000), churn, "did not match what was sent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, servers := raceAgainst(t, tt.program, tt.load)
			if bad := servers[0]; !strings.Contains(bad.Failure, tt.want) {
				t.Errorf("failure %q, want %q", bad.Failure, tt.want)
			}
			if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], tt.want) {
				t.Errorf("failures %q, want one", r.Failures)
			}
			if good := servers[1]; good.Failure != "" || len(good.Slices) != 2 {
				t.Errorf("the sound server: %+v", good)
			}
		})
	}
}

// Messages larger than the buffers of the sockets: both sides meet writes that are cut short.
func TestLargeMessages(t *testing.T) {
	program, _, err := compilePeer(t.TempDir(), "echo", echoC)
	if err != nil {
		t.Skip(err)
	}
	r, servers := raceAgainst(t, program, scenario{Name: "3x4x1M", Kind: kindEcho, Conns: 3, Depth: 4, Size: 1 << 20})
	for _, s := range servers {
		if s.Failure != "" || s.Latency.Count == 0 {
			t.Errorf("%s: %+v", s.Name, s)
		}
	}
	if len(r.Failures) > 0 {
		t.Error(r.Failures)
	}
}

// A server ends with its stdin, and its CPU clock counts what it did.
func TestProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProcess([]string{self, "serve", "-impl", "net"}, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	before, err := p.cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	c, err := newClient(p.addr, 2, 3, echoTalk(100))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	h := newHistogram()
	once, err := c.load(0, h)
	if err != nil {
		t.Fatal(err)
	}
	if once.messages != 6 || h.TotalCount() != 6 || once.corrupt != 0 {
		t.Errorf("a load of no time: %+v, %d recorded; want 2 connections x 3 messages", once, h.TotalCount())
	}
	if _, err := c.load(30*time.Millisecond, nil); err != nil {
		t.Fatal(err)
	}
	after, err := p.cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	if used := after - before; used <= 0 || used > time.Minute {
		t.Errorf("CPU time of 30 ms of load: %v", used)
	}
	if rss, err := p.rss(); err != nil || rss < 1<<20 {
		t.Errorf("resident memory %d, %v", rss, err)
	}
	p.stdin.Close()
	select {
	case <-p.exited:
	case <-time.After(10 * time.Second):
		t.Error("the server goes on without its stdin")
	}
}

// A server that answers nothing is noticed: here a listener that accepts nothing.
func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := newClient(netip.MustParseAddrPort(l.Addr().String()), 1, 1, echoTalk(64))
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.limit = 100 * time.Millisecond
	if _, err := c.load(0, nil); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("a silent server: %v, want that there is no answer", err)
	}
}

func TestCountSyscalls(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tr := range tracers {
		t.Run(tr.name, func(t *testing.T) {
			p, err := startProcess([]string{self, "serve", "-impl", "net"}, -1)
			if err != nil {
				t.Fatal(err)
			}
			defer p.stop()
			c, err := newClient(p.addr, 1, 1, echoTalk(64))
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			// A loaded machine may leave the server no time for more than a few messages, and then
			// the calls around them count for too much: the load goes on until there are enough.
			const enough = 2000
			var done int64
			var broken error
			n, err := tr.count(p.cmd.Process.Pid, func() error {
				for began := time.Now(); done < enough && broken == nil; {
					var t tally
					t, broken = c.load(20*time.Millisecond, nil)
					if done += t.messages; time.Since(began) > time.Minute {
						broken = fmt.Errorf("%d messages in a minute", done)
					}
				}
				return broken
			})
			if broken != nil {
				t.Fatal(broken)
			}
			if err != nil {
				t.Skipf("%v: needs the program, and the right to trace", err)
			}
			// A read, a write and a wait, and at most a few of the scheduler's.
			if per := float64(n) / float64(done); per < 2 || per > 20 {
				t.Errorf("%d calls for %d messages: %.1f each", n, done, per)
			}
		})
	}
}

func TestTracerOutput(t *testing.T) {
	const perf = "12345,,raw_syscalls:sys_enter,60123456,100.00,,\n"
	if n, err := parsePerf(perf); n != 12345 || err != nil {
		t.Errorf("perf: %d, %v", n, err)
	}
	if _, err := parsePerf("<not supported>,,raw_syscalls:sys_enter,0,100.00,,\n"); err == nil {
		t.Error("perf without a count: no error")
	}
	const strace = `strace: Process 7 attached
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.003000           3      1000           write
 40.00    0.002000           2      1013         4 read
------ ----------- ----------- --------- --------- ----------------
100.00    0.005000           2      2013         4 total
`
	if n, err := parseStrace(strace); n != 2013 || err != nil {
		t.Errorf("strace: %d, %v", n, err)
	}
	if _, err := parseStrace("strace: Process 7 attached\n"); err == nil {
		t.Error("strace without a total: no error")
	}
}

func TestHistogramMerge(t *testing.T) {
	total := newHistogram()
	for _, v := range []time.Duration{20 * time.Microsecond, 30 * time.Microsecond} {
		one := newHistogram()
		if err := one.RecordValue(int64(v)); err != nil {
			t.Fatal(err)
		}
		if dropped := total.Merge(one); dropped != 0 {
			t.Errorf("%d dropped", dropped)
		}
	}
	if l := latencyOf(total); l.Count != 2 || l.P50 < 19.9 || l.P50 > 20.1 || l.Max < 29.9 || l.Max > 30.1 {
		t.Errorf("%+v", l)
	}
	if l := latencyOf(hdrhistogram.New(1, 10, 3)); l.Count != 0 || l.P50 != 0 {
		t.Errorf("an empty histogram: %+v", l)
	}
}
