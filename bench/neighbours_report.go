package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// A neighbourReport is everything that one run found out; -json writes it as it is.
type neighbourReport struct {
	findings
	Settings neighbourSettings `json:"settings"`
	Streets  []*streetResult   `json:"streets"`
}

// A streetResult is one kind of traffic with one GOMAXPROCS.
type streetResult struct {
	Traffic trafficKind `json:"traffic"`
	Procs   int         `json:"procs"`
	Place   string      `json:"place"`
	Cells   []*cell     `json:"cells"`
	Idle    []*idleCPU  `json:"idle"`
}

// A cell is one neighbour beside one mode, or beside package net, to which it is compared.
type cell struct {
	Neighbour  string   `json:"neighbour"`
	Mode       string   `json:"mode"`
	Neighbours []sample `json:"neighbour_samples"` // one for each cycle
	Traffics   []sample `json:"traffic_samples"`

	// Readies is the longest time in each cycle that a goroutine of the host was ready.
	Readies []float64 `json:"ready_us_samples"`

	Rate    quartiles `json:"rate_per_s"`
	P99     quartiles `json:"p99_us"`
	Worst   quartiles `json:"worst_us"`
	Gap     quartiles `json:"gap_us"` // the worst of the traffic itself
	Ready   quartiles `json:"ready_us"`
	ToNet   toNet     `json:"to_net"`
	Misses  []string  `json:"misses,omitempty"` // the targets that are missed
	Verdict string    `json:"verdict"`
}

// toNet holds ratios to the same beside package net, each formed within a cycle.
type toNet struct {
	Rate        quartiles `json:"rate"`
	P50         quartiles `json:"p50"`
	P99         quartiles `json:"p99"`
	Worst       quartiles `json:"worst"`
	Gap         quartiles `json:"gap"`
	TrafficRate quartiles `json:"traffic_rate"`
}

// idleCPU is the CPU time of a host while nothing happens, in microseconds per second.
type idleCPU struct {
	Mode    string    `json:"mode"`
	Used    []float64 `json:"used_us_per_s"`
	CPU     quartiles `json:"cpu_us_per_s"`
	Verdict string    `json:"verdict"`
}

// The targets of a cell: medians over the cycles, without any allowance. A wait or a gap that is
// short in itself is well whatever package net has.
const (
	neighbourRateLimit  = 0.85 // of what the neighbour does beside package net, at least
	neighbourP99Limit   = 1.5  // times what it waits beside package net, at most
	neighbourShortP99   = 500  // us
	trafficGapLimit     = 1    // times package net's own worst gap, at most
	trafficShortGap     = 2000 // us
	idleCPULimit        = 0    // us per second
	neighbourMissedRate = "rate"
	neighbourMissedP99  = "p99"
	neighbourMissedGap  = "gap"
)

func (r *neighbourReport) sumUp() {
	for _, s := range r.Streets {
		for _, c := range s.Cells {
			c.sumUp(s.cell(c.Neighbour, peerNet))
		}
		for _, i := range s.Idle {
			i.CPU = quartilesOf(i.Used)
			i.Verdict = target{Bound: atMost, Limit: idleCPULimit}.judge(i.CPU).Verdict
		}
	}
}

func (s *streetResult) cell(neighbour, mode string) *cell {
	for _, c := range s.Cells {
		if c.Neighbour == neighbour && c.Mode == mode {
			return c
		}
	}
	return &cell{}
}

func (c *cell) sumUp(net *cell) {
	of := func(list []sample, get func(sample) float64) []float64 {
		var v []float64
		for _, s := range list {
			v = append(v, get(s))
		}
		return v
	}
	ratio := func(a, b []sample, get func(sample) float64) quartiles {
		return quartilesOf(ratios(of(a, get), of(b, get)))
	}
	c.Rate = quartilesOf(of(c.Neighbours, sampleRate))
	c.P99 = quartilesOf(of(c.Neighbours, sampleP99))
	c.Worst = quartilesOf(of(c.Neighbours, sampleWorst))
	c.Gap = quartilesOf(of(c.Traffics, sampleWorst))
	c.Ready = quartilesOf(c.Readies)
	if c.Mode == peerNet {
		return
	}
	c.ToNet = toNet{
		Rate:        ratio(c.Neighbours, net.Neighbours, sampleRate),
		P50:         ratio(c.Neighbours, net.Neighbours, sampleP50),
		P99:         ratio(c.Neighbours, net.Neighbours, sampleP99),
		Worst:       ratio(c.Neighbours, net.Neighbours, sampleWorst),
		Gap:         ratio(c.Traffics, net.Traffics, sampleWorst),
		TrafficRate: ratio(c.Traffics, net.Traffics, sampleRate),
	}
	c.judge()
}

func sampleRate(s sample) float64  { return s.Rate }
func sampleP50(s sample) float64   { return s.P50 }
func sampleP99(s sample) float64   { return s.P99 }
func sampleWorst(s sample) float64 { return s.Worst }

// judge compares a cell with the targets. Where package net's part did not do anything at all, in
// all of a slice, there is no ratio: what pollux's part did is then enough if it did anything.
func (c *cell) judge() {
	if c.Rate.N == 0 || c.Gap.N == 0 {
		c.Verdict = notMeasured
		return
	}
	if c.Rate.Median == 0 || c.ToNet.Rate.N > 0 && c.ToNet.Rate.Median < neighbourRateLimit {
		c.Misses = append(c.Misses, neighbourMissedRate)
	}
	if c.ToNet.P99.N > 0 && c.ToNet.P99.Median > neighbourP99Limit && c.P99.Median > neighbourShortP99 {
		c.Misses = append(c.Misses, neighbourMissedP99)
	}
	if c.ToNet.Gap.N > 0 && c.ToNet.Gap.Median > trafficGapLimit && c.Gap.Median > trafficShortGap {
		c.Misses = append(c.Misses, neighbourMissedGap)
	}
	if c.Verdict = met; len(c.Misses) > 0 {
		c.Verdict = notMet
	}
}

// write prints the whole report for a reader.
func (r *neighbourReport) write(w io.Writer) error {
	var b strings.Builder
	r.Environment.write(&b)
	fmt.Fprintf(&b, "method  %d cycles of %v slices, %v of each skipped; ratios within a cycle, then median [quartiles]\n\nneighbours:\n",
		r.Settings.Cycles, r.Settings.Slice, r.Settings.Skip)
	describeNeighbours(&b, r.Settings.Neighbours)
	for _, s := range r.Streets {
		s.write(&b)
	}
	r.writeIdle(&b)
	r.writeVerdicts(&b)
	r.writeEnd(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// write prints the neighbours of one kind of traffic as a table.
func (s *streetResult) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %s (GOMAXPROCS=%d, %s)\n", s.Traffic.Name, s.Traffic.Text, s.Procs, where("hosts and load generator", s.Place))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "neighbour\tbeside\trate/net\tp50/net\tp99/net\tworst/net\trate/s\tp99 us\tworst us\tready us\ttraffic/net\tgap/net\tgap us\tverdict")
	for _, c := range s.Cells {
		ratio := func(q quartiles) string {
			if c.Mode == peerNet {
				return "1"
			}
			return q.median(2)
		}
		rate := c.ToNet.Rate.full(2)
		if c.Mode == peerNet {
			rate = "1"
		}
		fmt.Fprintln(t, strings.Join([]string{c.Neighbour, c.Mode, rate, ratio(c.ToNet.P50), ratio(c.ToNet.P99), ratio(c.ToNet.Worst),
			c.Rate.median(0), c.P99.median(0), c.Worst.median(0), c.Ready.median(0),
			ratio(c.ToNet.TrafficRate), ratio(c.ToNet.Gap), c.Gap.median(0),
			strings.TrimSpace(c.Verdict + " " + strings.Join(c.Misses, " "))}, "\t"))
	}
	t.Flush() // into memory: cannot fail
}

func (r *neighbourReport) writeIdle(w io.Writer) {
	fmt.Fprintln(w, "\nidle: CPU of a host while nothing happens; its traffic's connections are open")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "traffic\tGOMAXPROCS\tmode\tCPU us/s\tlimit\tverdict")
	for _, s := range r.Streets {
		for _, i := range s.Idle {
			verdict := i.Verdict
			if i.Mode == peerNet {
				verdict = ""
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t<= %d\t%s\n", s.Traffic.Name, s.Procs, i.Mode, i.CPU.full(0), idleCPULimit, verdict)
		}
	}
	t.Flush()
}

// writeVerdicts counts the cells in which each target is met. The tables say which they are.
func (r *neighbourReport) writeVerdicts(w io.Writer) {
	var cells, unmeasured int
	missed := make(map[string]int)
	for _, s := range r.Streets {
		for _, c := range s.Cells {
			switch {
			case c.Mode == peerNet:
				continue
			case c.Verdict == notMeasured:
				unmeasured++
				continue
			}
			cells++
			for _, m := range c.Misses {
				missed[m]++
			}
		}
	}
	fmt.Fprint(w, "\ntargets: medians against the limits\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "target\tlimit\tcells\tmet in\tverdict")
	for _, line := range []struct{ what, limit, miss string }{
		{"rate of the neighbour", fmt.Sprintf(">= %g of net", neighbourRateLimit), neighbourMissedRate},
		{"p99 of the neighbour", fmt.Sprintf("<= %g of net, or %d us", neighbourP99Limit, neighbourShortP99), neighbourMissedP99},
		{"worst gap of the traffic", fmt.Sprintf("<= %d of net, or %d us", trafficGapLimit, trafficShortGap), neighbourMissedGap},
	} {
		verdict := met
		switch {
		case cells == 0:
			verdict = notMeasured
		case missed[line.miss] > 0:
			verdict = notMet
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\n", line.what, line.limit, cells, cells-missed[line.miss], verdict)
	}
	t.Flush()
	if unmeasured > 0 {
		fmt.Fprintf(w, "%d cells were not measured\n", unmeasured)
	}
}

func (r *neighbourReport) figures() []measured {
	var list []measured
	for _, street := range r.Streets {
		for _, c := range street.Cells {
			if c.Mode != peerNet && c.ToNet.P99.N > 0 {
				list = append(list, measured{fmt.Sprintf("neighbours %s, GOMAXPROCS=%d: p99 of %s beside %s / net", street.Traffic.Name, street.Procs, c.Neighbour, c.Mode), c.ToNet.P99})
			}
		}
	}
	return list
}

func (r *neighbourReport) charts() []*chart { return []*chart{r.chart(1), r.chart(2)} }

// chart is the throughput of each neighbour beside one busy connection.
func (r *neighbourReport) chart(procs int) *chart {
	c := &chart{Title: fmt.Sprintf("What a neighbour gets done, GOMAXPROCS=%d", procs), Unit: "x",
		Text: "Throughput of other goroutines in the process beside 1 connection of pollux, of what they have beside package net. More is better."}
	for _, street := range r.Streets {
		if street.Procs != procs || street.Traffic.Name != traffics[0].Name {
			continue
		}
		values := make(map[string][]float64)
		for _, cell := range street.Cells {
			if cell.Mode == peerNet {
				continue
			}
			if len(c.labels) == 0 || c.labels[len(c.labels)-1] != cell.Neighbour {
				c.labels = append(c.labels, cell.Neighbour)
			}
			if _, ok := values[cell.Mode]; !ok {
				c.names = append(c.names, cell.Mode)
			}
			values[cell.Mode] = append(values[cell.Mode], min(cell.ToNet.Rate.Median, 2))
		}
		for _, name := range c.names {
			c.values = append(c.values, values[name])
		}
	}
	return c
}
