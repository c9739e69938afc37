package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// write prints the whole report for a reader.
func (r *report) write(w io.Writer) error {
	var b strings.Builder
	r.Environment.write(&b)
	fmt.Fprintf(&b, "method  %d cycles of %v slices, %v of each skipped; ratios within a cycle, then median [quartiles]\n",
		r.Settings.Cycles, r.Settings.Slice, r.Settings.Skip)
	for i := range r.Results {
		r.Results[i].write(&b, r.suite.Peers)
	}
	r.writeEnd(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *environment) write(w io.Writer) {
	fmt.Fprintf(w, "commit  %s\n", orUnknown(e.Commit))
	fmt.Fprintf(w, "time    %s, load averages %s\n", e.Time.Format("2006-01-02 15:04 MST"), orUnknown(e.Load))
	fmt.Fprintf(w, "kernel  %s\n", orUnknown(e.Kernel))
	fmt.Fprintf(w, "cpu     %s, %d cores\n", orUnknown(e.CPU), e.Cores)
	fmt.Fprintf(w, "go      %s", e.Go)
	for _, m := range slices.Sorted(maps.Keys(e.Modules)) {
		fmt.Fprintf(w, ", %s %s", m, e.Modules[m])
	}
	if e.Compiler != "" {
		fmt.Fprintf(w, "; %s", e.Compiler)
	}
	fmt.Fprintf(w, "\ncommand %s\n", e.Command)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// where says in words what came of -place, for the processes that were placed.
func where(who, place string) string {
	switch place {
	case placeApart:
		return who + " on a core each"
	case placeTogether:
		return who + " on one core"
	}
	return "nothing pinned"
}

// write prints one scenario as a table.
func (r *result) write(w io.Writer, peers []string) {
	fmt.Fprintf(w, "\n%s: %s (GOMAXPROCS=%d, %s", r.Scenario.Name, r.Scenario.Text, r.Procs, where("servers and load generator", r.Place))
	if r.Scenario.Often > 1 {
		fmt.Fprintf(w, ", %d times the cycles", r.Scenario.Often)
	}
	fmt.Fprintln(w, ")")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	columns := r.columns(peers)
	cells := []string{"impl"}
	for _, c := range columns {
		cells = append(cells, c.head)
	}
	fmt.Fprintln(t, strings.Join(cells, "\t"))
	for _, s := range r.Servers {
		cells := []string{s.Name}
		for _, c := range columns {
			cells = append(cells, c.cell(s))
		}
		if s.Failure != "" {
			cells = append(cells, "failed: "+s.Failure)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	t.Flush() // into memory: cannot fail
}

// A column is one figure of every server.
type column struct {
	head string
	cell func(*serverResult) string
}

// columns chooses what the scenario is about.
func (r *result) columns(peers []string) []column {
	switch {
	case r.Scenario.Kind == kindIdle:
		return append([]column{
			{"connections", func(s *serverResult) string { return idleCount(s.Idle) }},
			{"MiB without", func(s *serverResult) string { return idleBefore(s.Idle) }},
			{"B/connection", func(s *serverResult) string { return s.IdleBytes.full(0) }},
			{"live heap", func(s *serverResult) string {
				if s.IdleHeap.Median == 0 {
					return "-"
				}
				return s.IdleHeap.full(0)
			}},
		}, r.ratioColumns(peers, "B", func(c compare) quartiles { return c.Idle })...)
	case r.Scenario.Hogs > 0:
		// The hogs' CPU is part of the servers': nothing can be read from it.
		return slices.Concat(
			r.ratioColumns(peers, "rate", func(c compare) quartiles { return c.Rate }),
			r.ratioColumns(peers, "p50", func(c compare) quartiles { return c.P50 }),
			r.ratioColumns(peers, "p99", func(c compare) quartiles { return c.P99 }),
			speedColumns(r.Scenario.unit()))
	}
	unit := r.Scenario.unit()
	list := []column{{"CPU us/" + unit, func(s *serverResult) string { return s.CPU.median(2) }}}
	list = append(list, r.ratioColumns(peers, "CPU", func(c compare) quartiles { return c.CPU })...)
	if r.Scenario.Timeout > 0 {
		list = append(list, column{"CPU/without", func(s *serverResult) string { return s.Ratios[s.Base].CPU.full(2) }})
	}
	if r.Scenario.Loops != nil {
		list = append(list, column{"rate/fewest loops", func(s *serverResult) string {
			if s.Base == "" {
				return "1"
			}
			return s.Ratios[s.Base].Rate.full(2)
		}}, column{"CPU/fewest loops", func(s *serverResult) string {
			if s.Base == "" {
				return "1"
			}
			return s.Ratios[s.Base].CPU.full(2)
		}}, column{"generator's cores", func(s *serverResult) string { return s.Loader.median(2) }})
	}
	list = append(list, speedColumns(unit)...)
	if r.Scenario.Syscalls {
		list = append(list, column{"syscalls/" + unit, func(s *serverResult) string {
			if s.Syscalls == 0 {
				return "-"
			}
			return fmt.Sprintf("%.2f", s.Syscalls)
		}})
	}
	return list
}

// ratioColumns is a column for each peer that takes part.
func (r *result) ratioColumns(peers []string, what string, of func(compare) quartiles) []column {
	var list []column
	for _, peer := range peers {
		if r.server(peer) == nil {
			continue
		}
		list = append(list, column{what + "/" + peer, func(s *serverResult) string {
			if s.Name == peer {
				return "1"
			}
			return of(s.Ratios[peer]).full(2)
		}})
	}
	return list
}

func speedColumns(unit string) []column {
	us := func(of func(latency) float64) func(*serverResult) string {
		return func(s *serverResult) string {
			if s.Latency.Count == 0 {
				return "-"
			}
			return fmt.Sprintf("%.0f", of(s.Latency))
		}
	}
	return []column{
		{"k " + unit + "/s", func(s *serverResult) string {
			k := s.Rate
			k.Median /= 1000
			return k.median(1)
		}},
		{"p50 us", us(func(l latency) float64 { return l.P50 })},
		{"p99 us", us(func(l latency) float64 { return l.P99 })},
		{"p99.9 us", us(func(l latency) float64 { return l.P999 })},
	}
}

func idleCount(m []idleMemory) string {
	if len(m) == 0 {
		return "-"
	}
	return fmt.Sprint(m[0].Connections)
}

func idleBefore(m []idleMemory) string {
	if len(m) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", float64(m[0].Before)/(1<<20))
}

func writeTargets(w io.Writer, list []verdict) {
	fmt.Fprint(w, "\ntargets: the median against the limit, GOMAXPROCS=1 unless named\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "target\tvalue\tlimit\tverdict")
	for _, v := range list {
		limit := "-"
		if v.Bound != noBound {
			limit = fmt.Sprintf("%s %g %s", v.Bound, v.Limit, v.Unit)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", v.Claim, v.Value.full(3), limit, v.Verdict)
	}
	t.Flush()
}

// writeJSON puts a report into a file.
func writeJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o666)
}
