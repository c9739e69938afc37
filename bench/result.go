package main

import (
	"fmt"
	"slices"
	"time"
)

// A report is everything that one run found out; -json writes it as it is.
type report struct {
	findings
	Settings settings `json:"settings"`
	Results  []result `json:"results"`

	suite *suite
}

// environment says where and of what the figures were taken.
type environment struct {
	Time     time.Time         `json:"time"`
	Commit   string            `json:"commit"` // empty if git does not know
	Command  string            `json:"command"`
	Kernel   string            `json:"kernel"`
	CPU      string            `json:"cpu"`
	Cores    int               `json:"cores"` // those that this process may use
	Load     string            `json:"load"`  // the load averages at the start
	Go       string            `json:"go"`
	Compiler string            `json:"compiler,omitempty"` // of the server in C
	Modules  map[string]string `json:"modules"`            // versions of the peers
}

// A result is one scenario with one GOMAXPROCS.
type result struct {
	Scenario scenario        `json:"scenario"`
	Procs    int             `json:"procs"`
	Place    string          `json:"place"` // what came of -place
	Servers  []*serverResult `json:"servers"`
}

// serverResult is what one server did in one scenario. Times are in microseconds, and CPU is that
// of the server's process for one message; with kindChurn a message is a whole connection.
type serverResult struct {
	Name string `json:"name"`
	Base string `json:"base,omitempty"` // the same server without a timeout, or with the fewest loops
	Impl string `json:"impl"`

	Slices  []slice            `json:"slices,omitempty"` // one for each cycle
	CPU     quartiles          `json:"cpu_us"`
	Rate    quartiles          `json:"rate_per_s"`
	Loader  quartiles          `json:"loader_cores"`
	Latency latency            `json:"latency_us"` // of all messages of all slices
	Ratios  map[string]compare `json:"ratios,omitempty"`

	Syscalls     float64 `json:"syscalls_per_message,omitempty"`
	SyscallsFrom string  `json:"syscalls_counted_with,omitempty"`

	Idle      []idleMemory `json:"idle,omitempty"`
	IdleBytes quartiles    `json:"idle_bytes_per_connection"`
	IdleHeap  quartiles    `json:"idle_heap_per_connection"`

	Corrupt int64  `json:"corrupt,omitempty"` // reads with bytes that were never sent
	Lost    int64  `json:"lost,omitempty"`    // datagrams without an answer
	Failure string `json:"failure,omitempty"` // why the server left the race
}

// A slice is one server's turn in one cycle.
type slice struct {
	Messages int64   `json:"messages"`
	CPU      float64 `json:"cpu_us"`
	Rate     float64 `json:"rate_per_s"`
	Loader   float64 `json:"loader_cores"` // CPU time of the load generator, of the time that passed
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
}

type latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p999"`
	Max   float64 `json:"max"`
}

// idleMemory is the resident memory of a server without and with idle connections.
type idleMemory struct {
	Connections int   `json:"connections"`
	Before      int64 `json:"before_bytes"`
	After       int64 `json:"after_bytes"`

	// The live heap at these moments; 0 for a server that is no program of ours.
	HeapBefore int64 `json:"heap_before_bytes,omitempty"`
	HeapAfter  int64 `json:"heap_after_bytes,omitempty"`
}

func (m idleMemory) heapPerConnection() float64 {
	return float64(m.HeapAfter-m.HeapBefore) / float64(m.Connections)
}

func (m idleMemory) perConnection() float64 {
	return float64(m.After-m.Before) / float64(m.Connections)
}

// compare holds the ratios of one server to another: each formed within a cycle, then summed up.
type compare struct {
	CPU  quartiles `json:"cpu"`
	Rate quartiles `json:"rate"`
	P50  quartiles `json:"p50"`
	P99  quartiles `json:"p99"`
	Idle quartiles `json:"idle"`
}

// column takes one figure out of every slice.
func (s *serverResult) column(of func(slice) float64) []float64 {
	var v []float64
	for _, sl := range s.Slices {
		v = append(v, of(sl))
	}
	return v
}

// idle takes one figure out of every look at the memory.
func (s *serverResult) idle(of func(idleMemory) float64) []float64 {
	var v []float64
	for _, m := range s.Idle {
		v = append(v, of(m))
	}
	return v
}

func cpuOf(s slice) float64  { return s.CPU }
func rateOf(s slice) float64 { return s.Rate }
func p50Of(s slice) float64  { return s.P50 }
func p99Of(s slice) float64  { return s.P99 }

// sumUp fills in all that follows from the slices and the memory of the servers.
func (r *report) sumUp() {
	for i := range r.Results {
		r.Results[i].sumUp(r.suite)
	}
	if r.suite.Targets != nil {
		r.Targets = judge(r, r.suite.Targets())
	}
}

func (r *result) sumUp(of *suite) {
	for _, s := range r.Servers {
		s.CPU = quartilesOf(s.column(cpuOf))
		s.Rate = quartilesOf(s.column(rateOf))
		s.Loader = quartilesOf(s.column(func(s slice) float64 { return s.Loader }))
		s.IdleBytes = quartilesOf(s.idle(idleMemory.perConnection))
		s.IdleHeap = quartilesOf(s.idle(idleMemory.heapPerConnection))
		s.Ratios = make(map[string]compare)
		for _, name := range slices.Concat([]string{s.Base}, of.Peers, of.Bases) {
			if base := r.server(name); base != nil && base != s {
				s.Ratios[name] = s.to(base)
			}
		}
	}
}

func (s *serverResult) to(base *serverResult) compare {
	ratio := func(of func(slice) float64) quartiles {
		return quartilesOf(ratios(s.column(of), base.column(of)))
	}
	return compare{
		CPU:  ratio(cpuOf),
		Rate: ratio(rateOf),
		P50:  ratio(p50Of),
		P99:  ratio(p99Of),
		Idle: quartilesOf(ratios(s.idle(idleMemory.perConnection), base.idle(idleMemory.perConnection))),
	}
}

// server finds a server of the scenario, or nil.
func (r *result) server(name string) *serverResult {
	for _, s := range r.Servers {
		if s.Name == name {
			return s
		}
	}
	return nil
}

// server finds a server of a scenario with a GOMAXPROCS, or nil.
func (r *report) server(scenario string, procs int, name string) *serverResult {
	for i := range r.Results {
		if res := &r.Results[i]; res.Scenario.Name == scenario && res.Procs == procs {
			return res.server(name)
		}
	}
	return nil
}

func (r *report) charts() []*chart {
	if r.suite.Charts == nil {
		return nil
	}
	return r.suite.Charts(r)
}

func (r *report) figures() []measured {
	var list []measured
	for _, res := range r.Results {
		for _, s := range res.Servers {
			for _, peer := range r.suite.Peers {
				if c, ok := s.Ratios[peer]; ok && s.Name != peer && c.CPU.N > 0 {
					list = append(list, measured{fmt.Sprintf("%s %s, GOMAXPROCS=%d: CPU of %s / %s", r.suite.Name, res.Scenario.Name, res.Procs, s.Name, peer), c.CPU})
				}
			}
			if s.IdleBytes.N > 0 {
				list = append(list, measured{fmt.Sprintf("%s %s: bytes of an idle connection of %s", r.suite.Name, res.Scenario.Name, s.Name), s.IdleBytes})
			}
		}
	}
	return list
}
