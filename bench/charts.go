package main

import (
	"fmt"
	"math"
	"slices"
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
	// A bar has the length of its value.
	opt.ValueAxis = []charts.ValueAxisOption{{Min: new(float64)}}
	opt.Legend.SeriesNames = c.names
	opt.CategoryAxis.Labels = c.labels
	opt.CategoryAxis.LabelCount = len(c.labels)
	if len(c.labels) > 6 {
		opt.CategoryAxis.LabelFontStyle.FontSize = 9
	}
	opt.ValueFormatter = func(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: 900, Height: 360})
	if err := p.BarChart(opt); err != nil {
		return nil, fmt.Errorf("chart %q: %w", c.Title, err)
	}
	return p.Bytes()
}

// drawn leaves out the charts without figures.
func drawn(list []*chart) []*chart {
	return slices.DeleteFunc(list, func(c *chart) bool { return c == nil || len(c.labels) == 0 || len(c.values) == 0 })
}

// charts are the pictures of a report.
func (r *fullReport) charts() []*chart {
	var list []*chart
	for _, p := range r.Parts {
		list = append(list, drawn(p.Report.charts())...)
	}
	return list
}

// fill takes a figure of each server in some scenarios.
func (c *chart) fill(r *report, procs int, names, labels []string, of func(*serverResult) float64) *chart {
	values := make(map[string][]float64)
	for i, name := range names {
		for _, res := range r.Results {
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
