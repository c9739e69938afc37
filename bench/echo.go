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

// settings say what a run measures, and how long.
type settings struct {
	Args      []string      `json:"-"`
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

// echo is "bench echo".
func echo(args []string, stdout, stderr io.Writer) error {
	set := settings{Args: args}
	fs := flag.NewFlagSet("echo", flag.ContinueOnError)
	scenarioList := fs.String("scenarios", join(scenarios, func(s scenario) string { return s.Name }), "`names` of the scenarios")
	implList := fs.String("impls", join(impls, func(i impl) string { return i.Name }), "`names` of the servers; one named twice races its twin")
	procList := fs.String("procs", "1,2", "`values` of GOMAXPROCS for the servers; -place is for 1 only")
	fs.IntVar(&set.Cycles, "cycles", 31, "how often each server has its turn")
	fs.DurationVar(&set.Slice, "slice", 60*time.Millisecond, "length of a turn; the first 8ms do not count")
	fs.StringVar(&set.Place, "place", placeApart, "cores of the servers with GOMAXPROCS=1: apart from the load generator's, together with it, or free")
	jsonFile := fs.String("json", "", "`file` to write everything to")
	fs.BoolVar(&set.Quick, "quick", false, "each thing once and short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	if set.Scenarios, err = parseScenarios(*scenarioList); err != nil {
		return err
	}
	if set.Quick {
		set.quicken(given)
	}
	if set.Impls, err = parseImpls(*implList); err != nil {
		return err
	}
	if set.Procs, err = parseProcs("echo", *procList); err != nil {
		return err
	}
	switch set.Place {
	case placeApart, placeTogether, placeFree:
	default:
		return usageError(fmt.Sprintf("echo: -place %q: want apart, together or free", set.Place))
	}
	if set.Cycles < 1 {
		return usageError(fmt.Sprintf("echo: -cycles %d: want 1 or more", set.Cycles))
	}
	if set.Slice < 5*time.Millisecond || set.Slice > time.Minute {
		return usageError(fmt.Sprintf("echo: -slice %v: want 5ms to 1m", set.Slice))
	}
	set.Skip = min(skip, set.Slice/4)
	set.IdleRuns = min(3, set.Cycles)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := measure(ctx, set, stderr)
	if err != nil {
		return err
	}
	r.sumUp()
	if set.Quick {
		r.Notes = append(r.Notes, "a quick run shows that everything works; its figures are no measurement")
	}
	if err := r.write(stdout); err != nil {
		return err
	}
	if *jsonFile != "" {
		if err := writeJSON(*jsonFile, r); err != nil {
			return err
		}
	}
	if n := len(r.Failures); n > 0 {
		return fmt.Errorf("echo: %d failed, first: %s", n, r.Failures[0])
	}
	return nil
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
