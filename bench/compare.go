package main

import "fmt"

// A measured is one figure of a report, for which less is better.
type measured struct {
	name  string
	value quartiles
}

// figures are those of a report that can be compared with another run's: ratios to a peer in the
// same run, in which the machine's mood cancels out, and memory.
func (r *fullReport) figures() []measured {
	var list []measured
	for _, p := range r.Parts {
		list = append(list, p.Report.figures()...)
	}
	return list
}

// noise is how much a median may move from run to run without a finding, beside its quartiles:
// A/A runs on a quiet machine stay within 3 %, with many connections within 8 %.
const noise = 1.08

// compareReports lists the figures that are worse now: the quartiles of the two runs do not meet,
// and the median is worse by more than the noise.
func compareReports(before, now *fullReport) []string {
	old := make(map[string]quartiles)
	for _, m := range before.figures() {
		old[m.name] = m.value
	}
	var worse []string
	for _, m := range now.figures() {
		was, ok := old[m.name]
		if ok && m.value.Q1 > was.Q3 && m.value.Median > was.Median*noise {
			worse = append(worse, fmt.Sprintf("%s: %.2f [%.2f-%.2f], was %.2f [%.2f-%.2f]", m.name,
				m.value.Median, m.value.Q1, m.value.Q3, was.Median, was.Q1, was.Q3))
		}
	}
	return worse
}
