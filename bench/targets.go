package main

import "fmt"

// A bound is how a figure has to stand to its limit.
type bound string

const (
	atMost  bound = "<="
	atLeast bound = ">="
	about   bound = "~" // no target: what was measured when the shape was chosen, to compare with
	noBound bound = ""  // no target either: the figure is of interest by itself
)

// A target is a figure that pollux has to reach, or that the report shows beside those.
type target struct {
	Claim string
	Bound bound
	Limit float64
	Unit  string // "x" for a ratio
	value func(*report) quartiles
}

// A verdict is a target and what a run says of it.
type verdict struct {
	Claim   string    `json:"claim"`
	Bound   bound     `json:"bound"`
	Limit   float64   `json:"limit"`
	Unit    string    `json:"unit"`
	Value   quartiles `json:"value"`
	Verdict string    `json:"verdict"`
}

const (
	met         = "met"
	notMet      = "NOT MET"
	notMeasured = "not measured"
	reported    = "reported"
)

// judge compares the median of each target's figure with its limit, without any allowance.
func judge(r *report, targets []target) []verdict {
	var list []verdict
	for _, t := range targets {
		list = append(list, t.judge(t.value(r)))
	}
	return list
}

func (t target) judge(value quartiles) verdict {
	v := verdict{Claim: t.Claim, Bound: t.Bound, Limit: t.Limit, Unit: t.Unit, Value: value}
	switch {
	case value.N == 0:
		v.Verdict = notMeasured
	case t.Bound == about || t.Bound == noBound:
		v.Verdict = reported
	case t.Bound == atMost && value.Median <= t.Limit, t.Bound == atLeast && value.Median >= t.Limit:
		v.Verdict = met
	default:
		v.Verdict = notMet
	}
	return v
}

// as is the same figure with another bound.
func (t target) as(b bound) target {
	t.Bound = b
	return t
}

func cpuTarget(impl, peer, scenario string, procs int, limit float64) target {
	return ratioTarget(fmt.Sprintf("CPU, %s / %s, %s, GOMAXPROCS=%d", impl, peer, scenario, procs),
		limit, scenario, procs, impl, peer, func(c compare) quartiles { return c.CPU })
}

func p99Target(impl, peer, scenario string, limit float64) target {
	return ratioTarget(fmt.Sprintf("p99, %s / %s, %s", impl, peer, scenario),
		limit, scenario, 1, impl, peer, func(c compare) quartiles { return c.P99 })
}

func timeoutTarget(impl, scenario string, limit float64) target {
	return ratioTarget(fmt.Sprintf("CPU, %s with a timeout / without, %s", impl, scenario),
		limit, scenario, 1, impl+"+timeout", impl, func(c compare) quartiles { return c.CPU })
}

func ratioTarget(claim string, limit float64, scenario string, procs int, server, base string, of func(compare) quartiles) target {
	return target{claim, atMost, limit, "x", func(r *report) quartiles {
		if s := r.server(scenario, procs, server); s != nil {
			return of(s.Ratios[base])
		}
		return quartiles{}
	}}
}

func syscallsTarget(impl, scenario string, limit float64) target {
	return target{fmt.Sprintf("system calls per message, %s, %s", impl, scenario), atMost, limit, "", func(r *report) quartiles {
		if s := r.server(scenario, 1, impl); s != nil && s.Syscalls > 0 {
			return quartilesOf([]float64{s.Syscalls})
		}
		return quartiles{}
	}}
}

// idleTarget is of resident memory, and heapTarget of what the connections hold of the heap.
func idleTarget(impl string, limit float64) target {
	return memoryTarget("memory of an idle connection, "+impl, limit, impl, func(s *serverResult) quartiles { return s.IdleBytes })
}

func heapTarget(impl string, limit float64) target {
	return memoryTarget("live heap of an idle connection, "+impl, limit, impl, func(s *serverResult) quartiles { return s.IdleHeap })
}

func memoryTarget(claim string, limit float64, impl string, of func(*serverResult) quartiles) target {
	return target{claim, atMost, limit, "B", func(r *report) quartiles {
		// Memory is measured with the first GOMAXPROCS only, whichever that was.
		for i := range r.Results {
			if res := &r.Results[i]; res.Scenario.Kind == kindIdle {
				if s := res.server(impl); s != nil {
					return of(s)
				}
			}
		}
		return quartiles{}
	}}
}
