package main

import "fmt"

// A target is a figure that pollux has to reach: at most Limit.
type target struct {
	Claim string
	Limit float64
	Unit  string // "x" for a ratio
	value func(*report) quartiles
}

// A verdict is a target and what a run says of it.
type verdict struct {
	Claim   string    `json:"claim"`
	Limit   float64   `json:"limit"`
	Unit    string    `json:"unit"`
	Value   quartiles `json:"value"`
	Verdict string    `json:"verdict"`
}

const (
	met         = "met"
	notMet      = "NOT MET"
	notMeasured = "not measured"
)

// judge compares the median of each target's figure with its limit, without any allowance.
func judge(r *report) []verdict {
	var list []verdict
	for _, t := range targets() {
		list = append(list, judgeValue(t.Claim, t.Limit, t.Unit, t.value(r)))
	}
	return list
}

func judgeValue(claim string, limit float64, unit string, value quartiles) verdict {
	v := verdict{Claim: claim, Limit: limit, Unit: unit, Value: value}
	switch {
	case value.N == 0:
		v.Verdict = notMeasured
	case value.Median <= limit:
		v.Verdict = met
	default:
		v.Verdict = notMet
	}
	return v
}

// targets lists them all. GOMAXPROCS is 1 where a target does not name it: with 2 on a machine of
// two cores the load generator competes with the server.
func targets() []target {
	list := []target{
		cpuTarget(implCallback, peerGnet, "1x1", 1, 1.15),
		cpuTarget(implCallback, peerGnet, "100x1", 1, 0.90),
		cpuTarget(implCallback, peerGnet, "1000x1", 1, 0.90),
		cpuTarget(implCallback, peerGnet, "100x16", 1, 0.90),
		cpuTarget(implCallback, peerC, "100x1", 1, 1.10),
		cpuTarget(implCallback, peerC, "1000x1", 1, 1.10),
		cpuTarget(implCallback, peerC, "100x16", 1, 1.10),
		p99Target(implCallback, peerGnet, "1x1", 1.1),
		p99Target(implCallback, peerGnet, "100x1", 1.1),
		cpuTarget(implCallback, peerNet, "1x1", 1, 0.88),
		cpuTarget(implTask, peerNet, "1x1", 1, 0.88),
		cpuTarget(implTask, peerNet, "100x1", 1, 0.90),
		cpuTarget(implTask, peerNet, "1000x1", 1, 0.85),
	}
	for _, procs := range []int{1, 2} {
		list = append(list,
			cpuTarget(implGoroutine, peerNet, "1x1", procs, 0.92),
			cpuTarget(implGoroutine, peerNet, "100x1", procs, 0.95),
			cpuTarget(implGoroutine, peerNet, "1000x1", procs, 0.95))
	}
	return append(list,
		hogsTarget(implGoroutine, peerNet, 0.05),
		syscallsTarget(implCallback, "1x1", 6.2), // read, write; a look before the poller parks, one after; Go's poller is asked twice
		syscallsTarget(implCallback, "100x1", 2.2),
		idleTarget(implCallback, 200),
		timeoutTarget(implTask, "timeout-1x1", 1.03),
		timeoutTarget(implTask, "timeout-100x1", 1.03),
		timeoutTarget(implGoroutine, "timeout-1x1", 1.03),
		timeoutTarget(implGoroutine, "timeout-100x1", 1.03))
}

func cpuTarget(impl, peer, scenario string, procs int, limit float64) target {
	return ratioTarget(fmt.Sprintf("CPU, %s / %s, %s, GOMAXPROCS=%d", impl, peer, scenario, procs),
		limit, scenario, procs, impl, peer, func(c compare) quartiles { return c.CPU })
}

func p99Target(impl, peer, scenario string, limit float64) target {
	return ratioTarget(fmt.Sprintf("p99, %s / %s, %s", impl, peer, scenario),
		limit, scenario, 1, impl, peer, func(c compare) quartiles { return c.P99 })
}

func hogsTarget(impl, peer string, limit float64) target {
	return ratioTarget(fmt.Sprintf("p50, %s / %s, hogs", impl, peer),
		limit, "hogs", 1, impl, peer, func(c compare) quartiles { return c.P50 })
}

func timeoutTarget(impl, scenario string, limit float64) target {
	return ratioTarget(fmt.Sprintf("CPU, %s with a timeout / without, %s", impl, scenario),
		limit, scenario, 1, impl+"+timeout", impl, func(c compare) quartiles { return c.CPU })
}

func ratioTarget(claim string, limit float64, scenario string, procs int, server, base string, of func(compare) quartiles) target {
	return target{claim, limit, "x", func(r *report) quartiles {
		if s := r.server(scenario, procs, server); s != nil {
			return of(s.Ratios[base])
		}
		return quartiles{}
	}}
}

func syscallsTarget(impl, scenario string, limit float64) target {
	return target{fmt.Sprintf("system calls per message, %s, %s", impl, scenario), limit, "", func(r *report) quartiles {
		if s := r.server(scenario, 1, impl); s != nil && s.Syscalls > 0 {
			return quartilesOf([]float64{s.Syscalls})
		}
		return quartiles{}
	}}
}

func idleTarget(impl string, limit float64) target {
	return target{fmt.Sprintf("memory of an idle connection, %s", impl), limit, "B", func(r *report) quartiles {
		// Memory is measured with the first GOMAXPROCS only, whichever that was.
		for i := range r.Results {
			if res := &r.Results[i]; res.Scenario.Kind == kindIdle {
				if s := res.server(impl); s != nil {
					return s.IdleBytes
				}
			}
		}
		return quartiles{}
	}}
}
