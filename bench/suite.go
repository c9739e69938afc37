package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"time"
)

// A suite is servers that do the same work, and the loads that they are put under. Each server is a
// process of its own, and one load generator loads them in turn.
//
// To add one, write in a file of its own:
//
//   - the servers: functions that take a serveConfig, call its Announce, and return only if they
//     fail;
//   - in a file for Linux, a loader for its kind of load, put into loaders by an init function,
//     unless the loaders of echo will do;
//   - a suite with scenarios, implementations and targets, and an init function with
//     addSuite(&itsSuite).
//
// The subcommand with its flags, the stage of "bench all", the tables and the JSON follow.
type suite struct {
	Name  string
	About string // one line of the help
	Order int    // place in the report

	Scenarios []scenario
	Impls     []impl
	Peers     []string        // the implementations that have a ratio column, in this order
	Bases     []string        // further ones to which ratios are formed, for targets
	Targets   func() []target // of the report, in this order

	// Of "bench all".
	Planned time.Duration
	Procs   []int // GOMAXPROCS of the servers
	Cycles  int

	Charts func(*report) []*chart // may be nil
}

var suites = make(map[string]*suite)

func addSuite(s *suite) {
	suites[s.Name] = s
	addPart(part{Name: s.Name, About: s.About, Command: s.command, Order: s.Order, Planned: s.Planned,
		Empty: func() partReport { return &report{suite: s} },
		Measure: func(ctx context.Context, quick bool, stderr io.Writer) (partReport, error) {
			set := settings{Args: []string{"(all)"}, Suite: s, Scenarios: s.Scenarios, Impls: s.Impls, Procs: s.Procs, Cycles: s.Cycles,
				Slice: 60 * time.Millisecond, Place: placeApart, Quick: quick}
			if quick {
				set.quicken(nil)
			}
			return set.measure(ctx, stderr)
		}})
}

// settings say what a run measures, and how long.
type settings struct {
	Args      []string      `json:"-"`
	Suite     *suite        `json:"-"`
	Scenarios []scenario    `json:"-"`
	Impls     []impl        `json:"-"`
	Procs     []int         `json:"procs"`
	Cycles    int           `json:"cycles"`
	Slice     time.Duration `json:"slice_ns"`
	Skip      time.Duration `json:"skip_ns"` // the first part of a slice, which is not counted
	Place     string        `json:"place"`
	Conns     int           `json:"-"` // idle connections, if not 0
	IdleRuns  int           `json:"idle_runs"`
	Quick     bool          `json:"quick"`
}

// Where the servers and the load generator run.
const (
	placeApart    = "apart"    // the load generator on the first core, the servers on the second
	placeTogether = "together" // all on the first core
	placeFree     = "free"     // where the kernel puts them
)

// A slice is loaded for skip before it counts, so that caches and the server's goroutines are warm.
const skip = 8 * time.Millisecond

// command is "bench echo" and its like.
func (s *suite) command(args []string, stdout, stderr io.Writer) error {
	set := settings{Args: args, Suite: s}
	fs := flag.NewFlagSet(s.Name, flag.ContinueOnError)
	scenarioList := fs.String("scenarios", join(s.Scenarios, func(s scenario) string { return s.Name }), "`names` of the scenarios")
	implList := fs.String("impls", join(s.Impls, func(i impl) string { return i.Name }), "`names` of the servers; one named twice races its twin")
	procList := fs.String("procs", join(s.Procs, strconv.Itoa), "`values` of GOMAXPROCS for the servers; -place is for 1 only")
	fs.IntVar(&set.Cycles, "cycles", 31, "how often each server has its turn")
	fs.DurationVar(&set.Slice, "slice", 60*time.Millisecond, "length of a turn; the first 8ms do not count")
	fs.StringVar(&set.Place, "place", placeApart, "cores of the servers with GOMAXPROCS=1: apart from the load generator's, together with it, or free")
	jsonFile := fs.String("json", "", "`file` to write everything to")
	pictures := fs.String("pictures", "", "`folder` to write the pictures of the report to")
	fs.BoolVar(&set.Quick, "quick", false, "each thing once and short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	if set.Scenarios, err = parseList(s.Name+": -scenarios", *scenarioList, s.Scenarios, func(s scenario) string { return s.Name }); err != nil {
		return err
	}
	if set.Quick {
		set.quicken(given)
	}
	// A name may come twice: the ratio of a server to its own twin shows how far the figures can be
	// trusted.
	if set.Impls, err = parseList(s.Name+": -impls", *implList, s.Impls, func(i impl) string { return i.Name }); err != nil {
		return err
	}
	if set.Procs, err = parseProcs(s.Name, *procList); err != nil {
		return err
	}
	switch set.Place {
	case placeApart, placeTogether, placeFree:
	default:
		return usageError(fmt.Sprintf("%s: -place %q: want apart, together or free", s.Name, set.Place))
	}
	if set.Cycles < 1 {
		return usageError(fmt.Sprintf("%s: -cycles %d: want 1 or more", s.Name, set.Cycles))
	}
	if set.Slice < 5*time.Millisecond || set.Slice > time.Minute {
		return usageError(fmt.Sprintf("%s: -slice %v: want 5ms to 1m", s.Name, set.Slice))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := set.measure(ctx, stderr)
	if err != nil {
		return err
	}
	if *pictures != "" {
		if err := writePictures(*pictures, drawn(r.charts())); err != nil {
			return err
		}
	}
	return finish(s.Name, r, set.Quick, *jsonFile, stdout)
}

// measure measures and sums up.
func (s settings) measure(ctx context.Context, stderr io.Writer) (partReport, error) {
	s.Skip, s.IdleRuns = min(skip, s.Slice/4), min(3, s.Cycles)
	r, err := measure(ctx, s, stderr)
	if err != nil {
		return nil, err
	}
	r.sumUp()
	return r, nil
}

// quicken makes everything short that the command line leaves open.
func (s *settings) quicken(given map[string]bool) {
	if !given["cycles"] {
		s.Cycles = 1
	}
	if !given["slice"] {
		s.Slice = 12 * time.Millisecond
	}
	s.Conns = 500
	s.Scenarios = append([]scenario(nil), s.Scenarios...)
	for i := range s.Scenarios {
		s.Scenarios[i].Often = 0
	}
}

func join[T any](list []T, name func(T) string) string {
	var names []string
	for _, v := range list {
		names = append(names, name(v))
	}
	return strings.Join(names, ",")
}

func parseProcs(command, list string) ([]int, error) {
	var procs []int
	for field := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < 1 || n > 1024 {
			return nil, usageError(fmt.Sprintf("%s: -procs: bad value %q: want numbers from 1 to 1024, as in 1,2", command, field))
		}
		procs = append(procs, n)
	}
	return procs, nil
}
