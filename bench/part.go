package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// A part is one measurement: a subcommand, and a stage of "bench all" if it has a Measure.
//
// To add one, call addPart from an init function of the file that has it. Everything else follows:
// the help, the stage with its estimate, report.json, report.html, and -compare. A part whose
// servers are loaded in turn is a suite, see there; a part of a few figures takes a contestReport.
type part struct {
	Name    string
	About   string // one line of the help
	Command command

	// The rest is for "bench all".
	Order   int           // place in the report
	Planned time.Duration // on the machine that the figures of README.md come from
	Measure func(ctx context.Context, quick bool, stderr io.Writer) (partReport, error)
	Empty   func() partReport // to decode report.json into
}

// A partReport is what a part found out. Its exported fields are its JSON.
type partReport interface {
	about() *findings
	write(io.Writer) error
	// figures are those that can be compared with another run's.
	figures() []measured
	charts() []*chart
}

// findings are what every report has.
type findings struct {
	Environment environment   `json:"environment"`
	Targets     []verdict     `json:"targets"`
	Notes       []string      `json:"notes,omitempty"`
	Failures    []string      `json:"failures,omitempty"`
	Took        time.Duration `json:"took_ns"`
}

func (f *findings) about() *findings { return f }

// note adds a note, once.
func (f *findings) note(text string) {
	if !slices.Contains(f.Notes, text) {
		f.Notes = append(f.Notes, text)
	}
}

// writeEnd prints the last lines of a report.
func (f *findings) writeEnd(w io.Writer) {
	if len(f.Targets) > 0 {
		writeTargets(w, f.Targets)
	}
	for _, n := range f.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	for _, failed := range f.Failures {
		fmt.Fprintln(w, "FAILED:", failed)
	}
}

// parts are all of them, in the order of the report.
var parts []part

func addPart(p part) {
	at, _ := slices.BinarySearchFunc(parts, p, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.Order, b.Order), strings.Compare(a.Name, b.Name))
	})
	parts = slices.Insert(parts, at, p)
}

// partNamed finds a part, or nil.
func partNamed(name string) *part {
	for i := range parts {
		if parts[i].Name == name {
			return &parts[i]
		}
	}
	return nil
}

// finish prints the report of a subcommand, and writes it to jsonFile unless that is empty. It
// fails if a measurement did.
func finish(name string, r partReport, quick bool, jsonFile string, stdout io.Writer) error {
	f := r.about()
	if quick {
		f.note("a quick run shows that everything works; its figures are no measurement")
	}
	if err := r.write(stdout); err != nil {
		return err
	}
	if jsonFile != "" {
		if err := writeJSON(jsonFile, r); err != nil {
			return err
		}
	}
	if n := len(f.Failures); n > 0 {
		return fmt.Errorf("%s: %d failed, first: %s", name, n, f.Failures[0])
	}
	return nil
}
