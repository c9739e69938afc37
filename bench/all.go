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
	"slices"
	"strings"
	"time"
)

// A fullReport is what "bench all" found out; report.json holds it as it is.
type fullReport struct {
	Environment environment   `json:"environment"`
	Parts       []partResult  `json:"parts"`
	Took        time.Duration `json:"took_ns"`
}

// A partResult is what one part found out.
type partResult struct {
	Name   string     `json:"name"`
	Report partReport `json:"report"`
}

// UnmarshalJSON reads a result of a part that this program knows. Of another one Report is nil.
func (p *partResult) UnmarshalJSON(b []byte) error {
	var raw struct {
		Name   string
		Report json.RawMessage
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	p.Name, p.Report = raw.Name, nil
	known := partNamed(p.Name)
	if known == nil || known.Empty == nil {
		return nil
	}
	p.Report = known.Empty()
	return json.Unmarshal(raw.Report, p.Report)
}

// all is "bench all", and "bench" alone: every measurement, in less than fifteen minutes.
func all(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("all", flag.ContinueOnError)
	out := fs.String("out", ".", "`folder` for report.json and report.html")
	pictures := fs.String("pictures", "", "`folder` to write each picture of report.html to, as a file of its own")
	old := fs.String("compare", "", "report.json of an earlier run: lists what is worse beyond the noise, and then exits with 1")
	partList := fs.String("parts", join(stages(), partName), "`names` of the measurements")
	keep := fs.Bool("keep", false, "keep the other parts of the report.json in the folder of -out: a report in several sittings")
	quick := fs.Bool("quick", false, "each thing once and short: shows that all works, measures nothing")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	chosen, err := parseList("all: -parts", *partList, stages(), partName)
	if err != nil {
		return err
	}
	file := filepath.Join(*out, "report.json")
	r := new(fullReport)
	if *keep {
		if r, err = readReport(file); err != nil {
			return usageError("all: -keep: " + err.Error())
		}
	}
	var before *fullReport
	if *old != "" {
		if before, err = readReport(*old); err != nil {
			return usageError("all: -compare: " + err.Error()) // 1 means that something is worse
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	began := time.Now()
	if err := r.measure(ctx, chosen, *quick, stderr); err != nil {
		return err
	}
	r.Took += time.Since(began)
	r.Environment = r.Parts[len(r.Parts)-1].Report.about().Environment
	r.Environment.Command = strings.Join(append([]string{"bench", "all"}, args...), " ")
	if err := r.write(stdout); err != nil {
		return err
	}
	if err := writeJSON(file, r); err != nil {
		return err
	}
	page, err := r.page()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*out, "report.html"), page, 0o666); err != nil {
		return err
	}
	if *pictures != "" {
		if err := writePictures(*pictures, r.charts()); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "\nwrote %s and %s\n", file, filepath.Join(*out, "report.html"))
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

// stages are the parts that have a Measure.
func stages() []part {
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return p.Measure == nil })
}

func partName(p part) string { return p.Name }

// put adds what a part found out, in the order of the report, in place of what it had before.
func (r *fullReport) put(name string, p partReport) {
	r.Parts = slices.DeleteFunc(r.Parts, func(p partResult) bool { return p.Name == name })
	r.Parts = append(r.Parts, partResult{name, p})
	order := func(name string) int { return slices.IndexFunc(parts, func(p part) bool { return p.Name == name }) }
	slices.SortFunc(r.Parts, func(a, b partResult) int { return order(a.Name) - order(b.Name) })
}

// measure runs stages, and says on stderr how much is left.
func (r *fullReport) measure(ctx context.Context, stages []part, quick bool, stderr io.Writer) error {
	var planned, spent time.Duration // of the stages so far
	for i, s := range stages {
		fmt.Fprintf(stderr, "stage %d of %d: %s", i+1, len(stages), s.Name)
		if !quick {
			fmt.Fprintf(stderr, ", about %s left in all", left(stages[i:], planned, spent))
		}
		fmt.Fprintln(stderr)
		began := time.Now()
		p, err := s.Measure(ctx, quick, stderr)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		r.put(s.Name, p)
		planned, spent = planned+s.Planned, spent+time.Since(began)
	}
	return nil
}

// left estimates how long stages take, by how long those before them took.
func left(stages []part, planned, spent time.Duration) time.Duration {
	var rest time.Duration
	for _, s := range stages {
		rest += s.Planned
	}
	if planned > 0 {
		rest = time.Duration(float64(rest) * float64(spent) / float64(planned))
	}
	return max(rest.Round(time.Minute), time.Minute)
}

// failures counts what could not be measured.
func (r *fullReport) failures() int {
	n := 0
	for _, p := range r.Parts {
		n += len(p.Report.about().Failures)
	}
	return n
}

// write prints the reports of all stages.
func (r *fullReport) write(w io.Writer) error {
	for _, p := range r.Parts {
		if err := p.Report.write(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return nil
}

// readReport reads the report.json of an earlier run. Parts that this program does not know are
// left out.
func readReport(name string) (*fullReport, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r fullReport
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	r.Parts = slices.DeleteFunc(r.Parts, func(p partResult) bool { return p.Report == nil })
	if len(r.Parts) == 0 {
		return nil, fmt.Errorf("%s: not the report.json of bench all", name)
	}
	return &r, nil
}
