package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// A fullReport is what "bench all" found out; report.json holds it as it is.
type fullReport struct {
	Environment environment      `json:"environment"`
	Echo        *report          `json:"echo"`
	Send        *sendReport      `json:"send"`
	Neighbours  *neighbourReport `json:"neighbours"`
	Took        time.Duration    `json:"took_ns"`
}

// A stage is one part of "bench all".
type stage struct {
	name    string
	planned time.Duration // on the machine that the figures of README.md come from
	run     func(ctx context.Context) error
}

// all is "bench all", and "bench" alone: every measurement, in less than fifteen minutes.
func all(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("all", flag.ContinueOnError)
	out := fs.String("out", ".", "`folder` for report.json and report.html")
	old := fs.String("compare", "", "report.json of an earlier run: lists what is worse beyond the noise, and then exits with 1")
	quick := fs.Bool("quick", false, "each thing once and short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	var before *fullReport
	if *old != "" {
		var err error
		if before, err = readReport(*old); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	r := new(fullReport)
	began := time.Now()
	if err := r.measure(ctx, *quick, stderr); err != nil {
		return err
	}
	r.Took = time.Since(began)
	r.Environment = r.Echo.Environment
	r.Environment.Command = strings.Join(append([]string{"bench", "all"}, args...), " ")
	if err := r.write(stdout); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(*out, "report.json"), r); err != nil {
		return err
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*out, "report.html"), page, 0o666); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nwrote %s and %s\n", filepath.Join(*out, "report.json"), filepath.Join(*out, "report.html"))
	if before != nil {
		if worse := compareReports(before, r); len(worse) > 0 {
			fmt.Fprintf(stdout, "\nworse than %s:\n", *old)
			for _, w := range worse {
				fmt.Fprintln(stdout, " ", w)
			}
			return fmt.Errorf("all: %d figures are worse than those of %s", len(worse), *old)
		}
		fmt.Fprintf(stdout, "\nnothing is worse than %s beyond the noise\n", *old)
	}
	if n := r.failures(); n > 0 {
		return fmt.Errorf("all: %d measurements failed", n)
	}
	return nil
}

// measure runs the stages, and says on stderr how much is left.
func (r *fullReport) measure(ctx context.Context, quick bool, stderr io.Writer) error {
	echoSet := settings{Args: []string{"(all)"}, Scenarios: scenarios, Impls: impls, Procs: []int{1, 2}, Cycles: 7,
		Slice: 60 * time.Millisecond, Place: placeApart}
	sendSet := sendSettings{Cases: sendCases(), Procs: []int{1}, Cycles: 7, Place: placeApart, Congestion: "reno"}
	nextSet := neighbourSettings{Traffics: traffics, Modes: modes, Neighbours: builtNeighbours(), Procs: []int{1, 2}, Cycles: 3,
		Slice: 100 * time.Millisecond}
	if quick {
		echoSet.quicken(nil)
		sendSet.quicken()
		nextSet.quicken(nil)
	}
	echoSet.Skip, echoSet.IdleRuns = min(skip, echoSet.Slice/4), min(3, echoSet.Cycles)
	nextSet.Skip = min(skip, nextSet.Slice/4)
	echoSet.Quick, sendSet.Quick, nextSet.Quick = quick, quick, quick

	stages := []stage{
		{"echo", 6 * time.Minute, func(ctx context.Context) (err error) {
			if r.Echo, err = measure(ctx, echoSet, stderr); err == nil {
				r.Echo.sumUp()
			}
			return err
		}},
		{"send", time.Minute, func(ctx context.Context) (err error) {
			if r.Send, err = measureSend(ctx, sendSet, stderr); err == nil {
				r.Send.sumUp()
			}
			return err
		}},
		{"neighbours", 5 * time.Minute, func(ctx context.Context) (err error) {
			if r.Neighbours, err = measureNeighbours(ctx, nextSet, stderr); err == nil {
				r.Neighbours.sumUp()
			}
			return err
		}},
	}
	var planned, spent time.Duration // of the stages so far
	for i, s := range stages {
		fmt.Fprintf(stderr, "stage %d of %d: %s", i+1, len(stages), s.name)
		if !quick {
			fmt.Fprintf(stderr, ", about %s left in all", left(stages[i:], planned, spent))
		}
		fmt.Fprintln(stderr)
		began := time.Now()
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		planned, spent = planned+s.planned, spent+time.Since(began)
	}
	return nil
}

// left estimates how long stages take, by how long those before them took.
func left(stages []stage, planned, spent time.Duration) time.Duration {
	var rest time.Duration
	for _, s := range stages {
		rest += s.planned
	}
	if planned > 0 {
		rest = time.Duration(float64(rest) * float64(spent) / float64(planned))
	}
	return max(rest.Round(time.Minute), time.Minute)
}

// failures counts what could not be measured.
func (r *fullReport) failures() int {
	return len(r.Echo.Failures) + len(r.Send.Failures) + len(r.Neighbours.Failures)
}

// write prints the reports of all stages.
func (r *fullReport) write(w io.Writer) error {
	for _, part := range []interface{ write(io.Writer) error }{r.Echo, r.Send, r.Neighbours} {
		if err := part.write(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

// readReport reads the report.json of an earlier run.
func readReport(name string) (*fullReport, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r fullReport
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Echo == nil || r.Send == nil || r.Neighbours == nil {
		return nil, fmt.Errorf("%s: not the report.json of bench all", name)
	}
	return &r, nil
}
