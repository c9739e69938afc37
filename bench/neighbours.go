package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

// trafficKind is one kind of traffic that a host serves.
type trafficKind struct {
	Name  string        `json:"name"`
	Text  string        `json:"text"`
	Conns int           `json:"conns"` // from outside; 0: the host drives itself
	Size  int           `json:"size"`  // bytes of a message
	Pause time.Duration `json:"pause_ns"`
}

// The kinds of traffic.
const (
	trafficOne     = "one"
	trafficHundred = "hundred"
	trafficUDP     = "udp"
	trafficBulk    = "bulk"
)

// traffics is every kind, in the order of the report.
var traffics = []trafficKind{
	{Name: trafficOne, Text: "1 connection with a message of 64 B, 0.3 ms after each answer", Conns: 1, Size: 64, Pause: 300 * time.Microsecond},
	{Name: trafficHundred, Text: "100 connections, 1 message of 64 B in flight on each", Conns: 100, Size: 64},
	{Name: trafficUDP, Text: "a UDP socket that sends what it receives to itself: its queue is never empty"},
	{Name: trafficBulk, Text: "1 connection, 256 KiB there and back", Conns: 1, Size: patternSpan << 2},
}

func trafficName(t trafficKind) string { return t.Name }

// A neighbourKind is what lives beside the traffic in the same process.
type neighbourKind struct {
	Name string `json:"name"`
	Text string `json:"text"`
	Base string `json:"base"` // the neighbour as the host knows it
	Hogs int    `json:"hogs"` // goroutines that compute beside both

	// Few says that the cell is measured with the first kind of traffic only.
	Few bool `json:"few"`
}

// The neighbours as a host knows them.
const (
	neighbourNet     = "net"
	neighbourHTTP    = "http"
	neighbourChannel = "channel"
	neighbourTimer   = "timer"
	neighbourGC      = "gc"
	neighbourFile    = "file"
	neighbourWoken   = "woken"
	neighbourExec    = "exec"
	neighbourCgo     = "cgo"
)

// neighbourKinds is every neighbour, in the order of the report.
var neighbourKinds = []neighbourKind{
	{Name: "net", Base: neighbourNet, Text: "a connection of package net, 64 B there and back"},
	{Name: "http", Base: neighbourHTTP, Text: "net/http, a request after each answer"},
	{Name: "channel", Base: neighbourChannel, Text: "two goroutines that pass a token to each other"},
	{Name: "timer", Base: neighbourTimer, Text: "a timer of 1 ms: how late its goroutine runs"},
	{Name: "gc", Base: neighbourGC, Text: "runtime.GC and 2 ms of pause: what it takes"},
	{Name: "file", Base: neighbourFile, Text: "64 KiB of a file in memory and 0.1 ms of pause: what a read takes"},
	{Name: "woken", Base: neighbourWoken, Text: "a goroutine that a server's code makes ready: until it runs"},
	{Name: "exec", Base: neighbourExec, Text: "os/exec of a program that does nothing", Few: true},
	{Name: "cgo", Base: neighbourCgo, Text: "a call into C that sleeps 0.1 ms there: what it takes", Few: true},
	{Name: "net+hogs", Base: neighbourNet, Text: "net, beside 2 goroutines that compute and yield every 50 us", Hogs: 2, Few: true},
	{Name: "timer+hogs", Base: neighbourTimer, Text: "timer, beside the same", Hogs: 2, Few: true},
}

// builtNeighbours are the neighbours of this build: without cgo, all but the one that needs it.
func builtNeighbours() []neighbourKind {
	return slices.DeleteFunc(slices.Clone(neighbourKinds), func(n neighbourKind) bool {
		return n.Base == neighbourCgo && callC == nil
	})
}

func neighbourName(n neighbourKind) string { return n.Name }

func nameOf(s string) string { return s }

// neighbourSettings say what a run of "bench neighbours" measures.
type neighbourSettings struct {
	Args       []string        `json:"-"`
	Traffics   []trafficKind   `json:"traffics"`
	Modes      []string        `json:"modes"`
	Neighbours []neighbourKind `json:"neighbours"`
	Procs      []int           `json:"procs"`
	Cycles     int             `json:"cycles"`
	Slice      time.Duration   `json:"slice_ns"`
	Skip       time.Duration   `json:"skip_ns"`
	All        bool            `json:"all"`
	Loops      int             `json:"loops,omitempty"`         // 0: as many as GOMAXPROCS
	Quota      int             `json:"quota_percent,omitempty"` // of one processor, for each host; 0: none
	Quick      bool            `json:"quick"`
}

// neighbours is "bench neighbours".
func neighbours(args []string, stdout, stderr io.Writer) error {
	set := neighbourSettings{Args: args}
	fs := flag.NewFlagSet("neighbours", flag.ContinueOnError)
	trafficList := fs.String("traffic", join(traffics, trafficName), "`names` of the kinds of traffic")
	modeList := fs.String("modes", join(modes, nameOf), "`names` of the modes of pollux; net is always there")
	neighbourList := fs.String("neighbours", join(builtNeighbours(), neighbourName), "`names` of the neighbours")
	procList := fs.String("procs", "1,2", "`values` of GOMAXPROCS")
	fs.IntVar(&set.Cycles, "cycles", 13, "how often each host has its turn")
	fs.DurationVar(&set.Slice, "slice", 100*time.Millisecond, "length of a turn; the first 8ms do not count")
	fs.BoolVar(&set.All, "all", false, "every neighbour beside every kind of traffic, also exec and those with goroutines that compute")
	fs.IntVar(&set.Loops, "loops", 0, "number of event loops of each host; 0 is GOMAXPROCS")
	fs.IntVar(&set.Quota, "quota", 0, "`percent` of one processor: each host is in a cgroup with this CPU quota; 0 is none")
	jsonFile := fs.String("json", "", "`file` to write everything to")
	fs.BoolVar(&set.Quick, "quick", false, "each thing once and short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	if set.Traffics, err = parseList("neighbours: -traffic", *trafficList, traffics, trafficName); err != nil {
		return err
	}
	if set.Modes, err = parseList("neighbours: -modes", *modeList, modes, nameOf); err != nil {
		return err
	}
	if set.Neighbours, err = parseList("neighbours: -neighbours", *neighbourList, neighbourKinds, neighbourName); err != nil {
		return err
	}
	if set.Procs, err = parseProcs("neighbours", *procList); err != nil {
		return err
	}
	if set.Quick {
		set.quicken(given)
	}
	switch {
	case set.Cycles < 1:
		return usageError(fmt.Sprintf("neighbours: -cycles %d: want 1 or more", set.Cycles))
	case set.Loops < 0 || set.Loops > 1000:
		return usageError(fmt.Sprintf("neighbours: -loops %d: want 1 to 1000, or 0 for GOMAXPROCS", set.Loops))
	case set.Quota < 0 || set.Quota > 10000:
		return usageError(fmt.Sprintf("neighbours: -quota %d: want 1 to 10000 percent, or 0 for none", set.Quota))
	case set.Slice < 5*time.Millisecond || set.Slice > 10*time.Second:
		return usageError(fmt.Sprintf("neighbours: -slice %v: want 5ms to 10s", set.Slice))
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := measuredNeighbours(ctx, set, stderr)
	if err != nil {
		return err
	}
	return finish("neighbours", r, set.Quick, *jsonFile, stdout)
}

// measuredNeighbours measures and sums up.
func measuredNeighbours(ctx context.Context, set neighbourSettings, stderr io.Writer) (partReport, error) {
	set.Skip = min(skip, set.Slice/4)
	r, err := measureNeighbours(ctx, set, stderr)
	if err != nil {
		return nil, err
	}
	r.sumUp()
	return r, nil
}

func init() {
	addPart(part{Name: "neighbours", About: "what else runs in the process: how long it waits beside pollux, and beside package net",
		Command: neighbours, Order: 90, Planned: 5 * time.Minute, Empty: func() partReport { return new(neighbourReport) },
		Measure: func(ctx context.Context, quick bool, stderr io.Writer) (partReport, error) {
			set := neighbourSettings{Traffics: traffics, Modes: modes, Neighbours: builtNeighbours(), Procs: []int{1, 2}, Cycles: 3,
				Slice: 100 * time.Millisecond, Quick: quick}
			if quick {
				set.quicken(nil)
			}
			return measuredNeighbours(ctx, set, stderr)
		}})
}

// quicken makes everything short that the command line leaves open.
func (s *neighbourSettings) quicken(given map[string]bool) {
	if !given["cycles"] {
		s.Cycles = 1
	}
	if !given["slice"] {
		s.Slice = 16 * time.Millisecond
	}
}

// describeNeighbours is the legend of the report.
func describeNeighbours(w io.Writer, list []neighbourKind) {
	width := 0
	for _, n := range list {
		width = max(width, len(n.Name))
	}
	for _, n := range list {
		fmt.Fprintf(w, "  %s%s  %s\n", n.Name, strings.Repeat(" ", width-len(n.Name)), n.Text)
	}
}
