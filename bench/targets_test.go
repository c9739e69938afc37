package main

import (
	"slices"
	"strings"
	"testing"
)

// raced makes the result of a scenario from the CPU of each server in each cycle.
func raced(name string, procs int, cpu map[string][]float64) result {
	r := result{Scenario: scenario{Name: name, Kind: kindEcho}, Procs: procs}
	for server, values := range cpu {
		s := &serverResult{Name: server}
		s.Base, _ = strings.CutSuffix(server, "+timeout")
		for _, v := range values {
			s.Slices = append(s.Slices, slice{Messages: 1, CPU: v, Rate: 1, P50: v, P99: v})
		}
		r.Servers = append(r.Servers, s)
	}
	return r
}

// ratesOf is raced for the messages a second of each server.
func ratesOf(name string, procs int, rates map[string]float64) result {
	r := result{Scenario: scenario{Name: name, Kind: kindEcho}, Procs: procs}
	for server, rate := range rates {
		r.Servers = append(r.Servers, &serverResult{Name: server, Slices: []slice{{Messages: 1, CPU: 1, Rate: rate, P50: 1, P99: 1}}})
	}
	return r
}

func TestVerdicts(t *testing.T) {
	idle := result{Scenario: scenario{Name: "idle", Kind: kindIdle}, Procs: 2, Servers: []*serverResult{
		{Name: implCallback, Idle: []idleMemory{{1000, 5000, 205_000, 0, 0}, {1000, 5000, 206_000, 0, 0}, {1000, 5000, 205_000, 0, 0}}},
	}}
	called := raced("100x1", 1, map[string][]float64{implCallback: {1}})
	called.Servers[0].Syscalls = 2.21
	tests := []struct {
		name   string
		result result
		claim  string // how it begins
		want   string
	}{
		{"under the limit", raced("100x1", 1, map[string][]float64{implCallback: {9, 9, 9}, peerGnet: {10, 10, 10}}),
			"CPU, pollux-callback / gnet, 100x1", met},
		{"on the limit", raced("100x1", 1, map[string][]float64{implCallback: {90}, peerGnet: {100}}),
			"CPU, pollux-callback / gnet, 100x1", met},
		{"a little over it", raced("100x1", 1, map[string][]float64{implCallback: {901}, peerGnet: {1000}}),
			"CPU, pollux-callback / gnet, 100x1", notMet},
		{"one good cycle is not enough", raced("100x1", 1, map[string][]float64{implCallback: {1, 10, 10}, peerGnet: {10, 10, 10}}),
			"CPU, pollux-callback / gnet, 100x1", notMet},
		{"the peer is missing", raced("100x1", 1, map[string][]float64{implCallback: {9}}),
			"CPU, pollux-callback / gnet, 100x1", notMeasured},
		{"the other GOMAXPROCS does not count", raced("100x1", 2, map[string][]float64{implCallback: {9}, peerGnet: {10}}),
			"CPU, pollux-callback / gnet, 100x1", notMeasured},
		{"GOMAXPROCS=2", raced("1000x1", 2, map[string][]float64{implGoroutine: {9}, peerNet: {10}}),
			"CPU, pollux-goroutine / net, 1000x1, GOMAXPROCS=2", met},
		{"p99", raced("1x1", 1, map[string][]float64{implCallback: {111}, peerGnet: {100}}),
			"p99, pollux-callback / gnet, 1x1", notMet},
		{"p50 beside hogs", raced("hogs", 1, map[string][]float64{implGoroutine: {114}, peerNet: {10_068}}),
			"p50, pollux-goroutine / net, hogs, GOMAXPROCS=1", met},
		{"as many messages beside hogs", ratesOf("hogs-2p4", 2, map[string]float64{implTask: 100, peerNet: 100}),
			"rate, pollux-task / net, hogs-2p4", met},
		{"fewer messages beside hogs", ratesOf("hogs-2p4", 2, map[string]float64{implTask: 99, peerNet: 100}),
			"rate, pollux-task / net, hogs-2p4", notMet},
		{"one processor, never free", ratesOf("hogs-1p1-busy", 1, map[string]float64{implTask: 1, peerNet: 100}),
			"rate, pollux-task / net, hogs-1p1-busy", reported},
		{"for comparison only", raced("100x1", 2, map[string][]float64{implCallback: {200}, peerNet: {100}}),
			"CPU, pollux-callback / net, 100x1, GOMAXPROCS=2", reported},
		{"timeout against the same without", raced("timeout-100x1", 1,
			map[string][]float64{implTask: {100}, implTask + "+timeout": {104}, peerNet: {1000}}),
			"CPU, pollux-task with a timeout / without, timeout-100x1", notMet},
		{"memory, whichever GOMAXPROCS", idle, "memory of an idle connection", met},
		{"system calls", called, "system calls per message, pollux-callback, 100x1", notMet},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &report{Results: []result{tt.result}, suite: &echoSuite}
			r.sumUp()
			i := slices.IndexFunc(r.Targets, func(v verdict) bool { return strings.HasPrefix(v.Claim, tt.claim) })
			if i < 0 {
				t.Fatalf("no target begins with %q", tt.claim)
			}
			if got := r.Targets[i]; got.Verdict != tt.want {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

// A target that names a scenario or a server that does not exist could never be missed.
func TestTargetsCanBeMeasured(t *testing.T) {
	every := []string{implCallback, implTask, implTask + "+timeout", implGoroutine, implGoroutine + "+timeout", implProtocol, implServerGo,
		peerGnet, peerNet, peerC}
	r := &report{suite: &echoSuite}
	for _, procs := range []int{1, 2} {
		for _, sc := range echoScenarios {
			res := raced(sc.Name, procs, nil)
			res.Scenario = sc
			for _, name := range every {
				base, _ := strings.CutSuffix(name, "+timeout")
				res.Servers = append(res.Servers, &serverResult{Name: name, Base: base, Syscalls: 1,
					Slices: []slice{{Messages: 1, CPU: 1, Rate: 1, P50: 1, P99: 1}}, Idle: []idleMemory{{1, 1, 2, 1, 2}}})
			}
			r.Results = append(r.Results, res)
		}
	}
	r.sumUp()
	for _, v := range r.Targets {
		if v.Verdict == notMeasured {
			t.Errorf("%s: cannot be measured", v.Claim)
		}
	}
}
