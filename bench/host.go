package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"time"
)

// A host is a process of "bench neighbours": traffic by pollux or by package net, and beside it
// every kind of neighbour. Nothing runs in it between visits.
type host struct {
	loops  int // event loops of the traffic
	places places
	waits  *series // of the neighbour
	gaps   *series // of traffic that drives itself
	udp    *circle // that traffic, or nil
	file   *os.File
}

// places are the addresses of what a host serves, the first line that it prints after the
// traffic's.
type places struct {
	Net   string `json:"net"`
	HTTP  string `json:"http"`
	Woken string `json:"woken"`
}

// A visit is one order to a host, as a line of JSON on its stdin: one neighbour lives beside the
// traffic for Length. What happens in the first Skip of it does not count.
type visit struct {
	Neighbour string        `json:"neighbour"` // "" is none, or one that is driven from outside
	Hogs      int           `json:"hogs"`      // goroutines that compute meanwhile
	Skip      time.Duration `json:"skip"`
	Length    time.Duration `json:"length"`
}

// A seen is the answer to a visit, as a line of JSON on stdout: what was measured inside the host.
// The load generator measures what it drives itself.
type seen struct {
	Neighbour sample `json:"neighbour"`
	Traffic   sample `json:"traffic"`

	// Ready is how long a goroutine of the host was ready and did not run, at the worst: at least
	// so many microseconds. Go's scheduler notes that for one in eight.
	Ready float64 `json:"ready_us"`
	Error string  `json:"error,omitempty"`
}

// visiting is what a host prints when a visit begins.
const visiting = "visiting"

// hostProgram is "bench host". It ends with its stdin, as every server of bench does.
func hostProgram(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("host", flag.ContinueOnError)
	traffic := fs.String("traffic", trafficOne, "the traffic to serve")
	mode := fs.String("mode", peerNet, "net, or the mode of pollux in which the traffic is served")
	procs := fs.Int("procs", 1, "GOMAXPROCS")
	loops := fs.Int("loops", 0, "the number of event loops; 0 is GOMAXPROCS")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	kind := slices.IndexFunc(traffics, func(t trafficKind) bool { return t.Name == *traffic })
	switch {
	case kind < 0:
		return usageError(fmt.Sprintf("host: -traffic: unknown %q: want one of %s", *traffic, join(traffics, trafficName)))
	case !slices.Contains(append([]string{peerNet}, modes...), *mode):
		return usageError(fmt.Sprintf("host: -mode: unknown %q: want net or one of %s", *mode, join(modes, nameOf)))
	case *procs < 1:
		return usageError(fmt.Sprintf("host: -procs %d: want 1 or more", *procs))
	case *loops < 0:
		return usageError(fmt.Sprintf("host: -loops %d: want 1 or more, or 0 for GOMAXPROCS", *loops))
	}
	withoutGnet()
	runtime.GOMAXPROCS(*procs)
	if *loops == 0 {
		*loops = *procs
	}
	h := &host{loops: *loops, waits: newSeries(), gaps: newSeries()}
	failed := make(chan error, 8)
	if err := h.open(traffics[kind], *mode, stdout, failed); err != nil {
		return err
	}
	orders, err := ordersOf()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- h.obey(orders, stdout) }()
	select {
	case err := <-failed:
		return fmt.Errorf("host %s %s: %w", *mode, *traffic, err)
	case err := <-ended:
		return err
	}
}

// open starts the traffic's server and the neighbours that listen. What ends later, and must not,
// goes to failed.
func (h *host) open(t trafficKind, mode string, stdout io.Writer, failed chan<- error) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if h.file, err = os.Open(exe); err != nil { // a large file that is in the page cache
		return err
	}
	if h.places.Net, err = h.serveNeighbourNet(); err != nil {
		return err
	}
	if h.places.HTTP, err = h.serveNeighbourHTTP(); err != nil {
		return err
	}
	if h.places.Woken, err = h.serveWoken(mode, failed); err != nil {
		return err
	}
	var addr net.Addr
	if t.Name == trafficUDP {
		if h.udp, err = newCircle(mode, h.gaps, failed); err != nil {
			return err
		}
		addr = net.UDPAddrFromAddrPort(h.udp.addr)
	} else if addr, err = serveTraffic(t, mode, h.loops, failed); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", addr)
	return json.NewEncoder(stdout).Encode(h.places)
}

// obey makes the visits that it is asked for.
func (h *host) obey(orders io.Reader, stdout io.Writer) error {
	lines := bufio.NewScanner(orders)
	for lines.Scan() {
		var v visit
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			return fmt.Errorf("host: order %q: %w", lines.Text(), err)
		}
		if err := json.NewEncoder(stdout).Encode(h.visit(v, stdout)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (h *host) visit(v visit, stdout io.Writer) seen {
	fmt.Fprintln(stdout, visiting)
	begin := time.Now()
	from, until := begin.Add(v.Skip), begin.Add(v.Length)
	h.waits.reset(from, until)
	h.gaps.reset(from, until)
	before := readiness()
	var over atomic.Bool
	for range v.Hogs {
		go hog(false, &over)
	}
	if h.udp != nil {
		h.udp.start()
	}
	err := h.live(v.Neighbour, until)
	over.Store(true)
	if h.udp != nil {
		h.udp.stop()
	}
	var s seen
	s.Neighbour, s.Traffic = h.waits.sample(), h.gaps.sample()
	s.Ready = longestReady(before, readiness())
	if err != nil {
		s.Error = err.Error()
	}
	return s
}

// readiness counts how long goroutines were ready before they ran, since the process began.
func readiness() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/latencies:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// longestReady is the lower edge of the highest bucket that has grown, in microseconds.
func longestReady(before, after *metrics.Float64Histogram) float64 {
	for i := len(after.Counts) - 1; i >= 0; i-- {
		if after.Counts[i] > before.Counts[i] {
			return max(after.Buckets[i], 0) * 1e6 // the first bucket begins at -Inf
		}
	}
	return 0
}
