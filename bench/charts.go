package main

import (
	"fmt"
	"strconv"

	"github.com/go-analyze/charts"
)

// A chart is one picture of the page: bars in groups, one group for each label.
type chart struct {
	Title  string
	Unit   string
	Text   string // how to read it
	labels []string
	names  []string    // of the series
	values [][]float64 // of each series, one for each label
}

// svg draws the chart.
func (c *chart) svg() ([]byte, error) {
	opt := charts.NewBarChartOptionWithData(c.values)
	opt.Legend.SeriesNames = c.names
	opt.CategoryAxis.Labels = c.labels
	opt.ValueFormatter = func(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 900, Height: 360})
	if err := p.BarChart(opt); err != nil {
		return nil, fmt.Errorf("chart %q: %w", c.Title, err)
	}
	return p.Bytes()
}

// charts are the pictures of a report. One without figures is left out.
func (r *fullReport) charts() []*chart {
	var list []*chart
	for _, c := range []*chart{r.cpuChart(1), r.cpuChart(2), r.latencyChart(), r.memoryChart(), r.sendChart(),
		r.neighbourChart(1), r.neighbourChart(2)} {
		if c != nil && len(c.labels) > 0 && len(c.values) > 0 {
			list = append(list, c)
		}
	}
	return list
}

// cpuChart is CPU per message against connections.
func (r *fullReport) cpuChart(procs int) *chart {
	c := &chart{Title: fmt.Sprintf("CPU per message, GOMAXPROCS=%d", procs), Unit: "us",
		Text: "Messages of 64 B, one in flight on each connection. Less is better. Most of it is the kernel's TCP."}
	return c.fill(r, procs, []string{"1x1", "100x1", "1000x1"}, []string{"1 connection", "100 connections", "1000 connections"},
		func(s *serverResult) float64 { return s.CPU.Median })
}

// latencyChart is p50 and p99 with one connection, and p99 with 100.
func (r *fullReport) latencyChart() *chart {
	c := &chart{Title: "Latency, 1 connection", Unit: "us", Text: "From the send of a message to its answer, at the load generator."}
	for _, res := range r.Echo.Results {
		if res.Scenario.Name != "1x1" || res.Procs != 1 {
			continue
		}
		c.labels = []string{"p50", "p99", "p99.9"}
		for _, s := range res.Servers {
			c.names = append(c.names, s.Name)
			c.values = append(c.values, []float64{s.Latency.P50, s.Latency.P99, s.Latency.P999})
		}
	}
	return c
}

// memoryChart is the memory of an idle connection.
func (r *fullReport) memoryChart() *chart {
	c := &chart{Title: "Memory of an idle connection", Unit: "B", Text: "Resident memory of the server, divided by its connections."}
	return c.fill(r, 1, []string{"idle"}, []string{"10,000 idle connections"}, func(s *serverResult) float64 { return s.IdleBytes.Median })
}

// fill takes a figure of each server in some scenarios.
func (c *chart) fill(r *fullReport, procs int, names, labels []string, of func(*serverResult) float64) *chart {
	values := make(map[string][]float64)
	for i, name := range names {
		for _, res := range r.Echo.Results {
			if res.Scenario.Name != name || res.Procs != procs {
				continue
			}
			c.labels = append(c.labels, labels[i])
			for _, s := range res.Servers {
				if _, ok := values[s.Name]; !ok {
					c.names = append(c.names, s.Name)
				}
				values[s.Name] = append(values[s.Name], of(s))
			}
		}
	}
	for _, name := range c.names {
		for len(values[name]) < len(c.labels) { // a server that failed in one of them
			values[name] = append(values[name], 0)
		}
		c.values = append(c.values, values[name])
	}
	return c
}

// sendChart is the CPU of files and gathered messages, in relation to package net.
func (r *fullReport) sendChart() *chart {
	c := &chart{Title: "CPU of sending, of package net", Unit: "x",
		Text: "1 is package net: ReadFrom for a file, net.Buffers for messages. Less is better."}
	values := make(map[string][]float64)
	for i, res := range r.Send.Results {
		c.labels = append(c.labels, res.Case.Text)
		for _, s := range res.Senders {
			if s.Name == res.Case.Base || s.Ratio.Median > 2 {
				continue // a way without a use hides the others' differences
			}
			if _, ok := values[s.Name]; !ok {
				c.names = append(c.names, s.Name)
				values[s.Name] = make([]float64, len(r.Send.Results))
			}
			values[s.Name][i] = s.Ratio.Median
		}
	}
	for _, name := range c.names {
		c.values = append(c.values, values[name])
	}
	return c
}

// neighbourChart is the throughput of each neighbour beside one busy connection.
func (r *fullReport) neighbourChart(procs int) *chart {
	c := &chart{Title: fmt.Sprintf("What a neighbour gets done, GOMAXPROCS=%d", procs), Unit: "x",
		Text: "Throughput of other goroutines in the process beside 1 connection of pollux, of what they have beside package net. More is better."}
	for _, street := range r.Neighbours.Streets {
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
