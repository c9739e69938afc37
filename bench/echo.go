package main

import (
	_ "embed"
	"fmt"
	"time"
)

// The names of our modes, and of the peers to which everything is put in relation.
const (
	implCallback  = "pollux-callback"
	implTask      = "pollux-task"
	implGoroutine = "pollux-goroutine"
	implFuture    = "pollux-future"
	implProtocol  = "pollux-protocol"
	implServerGo  = "pollux-server-go"

	peerGnet = "gnet"
	peerNet  = "net"
	peerC    = "c"
)

//go:embed testdata/echo.c
var echoC []byte

// echoSuite is TCP echo.
var echoSuite = suite{
	Name:  "echo",
	About: "TCP echo: CPU per message, latency, rate, system calls and memory of each server",
	Order: 10,
	Impls: []impl{
		{Name: implCallback, Serve: servePollux("callback")},
		{Name: implTask, Serve: servePollux("task"), Timeouts: true},
		{Name: implGoroutine, Serve: servePollux("goroutine"), Timeouts: true},
		{Name: implFuture, Serve: serveFuture, Plain: true},
		{Name: implProtocol, Serve: serveProtocol, Plain: true},
		{Name: implServerGo, Serve: serveServerGo, Plain: true},
		{Name: peerGnet, Serve: serveGnet},
		{Name: peerNet, Serve: serveNet, Timeouts: true},
		{Name: peerC, C: echoC},
	},
	Scenarios: echoScenarios,
	Peers:     []string{peerGnet, peerNet, peerC},
	Bases:     []string{implProtocol},
	Targets:   echoTargets,
	Charts:    echoCharts,
	Planned:   6 * time.Minute,
	Procs:     []int{1, 2},
	Cycles:    5,
}

func init() { addSuite(&echoSuite) }

// echoScenarios are in the order of the report. The names are connections x messages in
// flight, with the size where it is not 64 bytes.
var echoScenarios = []scenario{
	{Name: "1x1", Text: "1 connection, 1 message of 64 B in flight",
		Kind: kindEcho, Conns: 1, Depth: 1, Size: 64, Syscalls: true},
	{Name: "100x1", Text: "100 connections, 1 message of 64 B in flight on each",
		Kind: kindEcho, Conns: 100, Depth: 1, Size: 64, Syscalls: true, Often: 2},
	{Name: "1000x1", Text: "1000 connections, 1 message of 64 B in flight on each",
		Kind: kindEcho, Conns: 1000, Depth: 1, Size: 64},
	{Name: "100x16", Text: "100 connections, 16 messages of 64 B in flight on each",
		Kind: kindEcho, Conns: 100, Depth: 16, Size: 64},
	{Name: "50x1x16K", Text: "50 connections, 1 message of 16 KiB in flight on each",
		Kind: kindEcho, Conns: 50, Depth: 1, Size: 16 << 10},
	{Name: "churn", Text: "connect, send 64 B, receive them, close; 50 connections in flight",
		Kind: kindChurn, Conns: 50, Depth: 1, Size: 64},
	{Name: "idle", Text: "memory of connections that sent one message of 64 B and then wait",
		Kind: kindIdle, Conns: 10_000, Depth: 1, Size: 64},
	hogsScenario("hogs", 1, 2, false),
	hogsScenario("hogs-2p4", 2, 4, false),
	hogsScenario("hogs-1p1-busy", 1, 1, true),
	hogsScenario("hogs-2p2-busy", 2, 2, true),
	hogsScenario("hogs-2p1-busy", 2, 1, true),
	{Name: "timeout-1x1", Text: "1x1 with a timeout of 5 s on every wait, beside none",
		Kind: kindEcho, Conns: 1, Depth: 1, Size: 64, Timeout: 5 * time.Second, Often: 3, Procs: 1},
	{Name: "timeout-100x1", Text: "100x1 with a timeout of 5 s on every wait, beside none",
		Kind: kindEcho, Conns: 100, Depth: 1, Size: 64, Timeout: 5 * time.Second, Often: 3, Procs: 1},
}

// hogsScenario is 1x1 beside goroutines that compute.
func hogsScenario(name string, procs, hogs int, busy bool) scenario {
	how := "compute, and yield every 50 us"
	if busy {
		how = "compute, and never yield"
	}
	return scenario{Name: name, Text: fmt.Sprintf("1 connection, 1 message of 64 B in flight; goroutines of the server that %s: %d", how, hogs),
		Kind: kindEcho, Conns: 1, Depth: 1, Size: 64, Hogs: hogs, Procs: procs, Busy: busy, Stretch: 5}
}

func echoCharts(r *report) []*chart {
	return []*chart{r.ratioChart(), r.cpuChart(1), r.cpuChart(2), r.latencyChart(), r.memoryChart()}
}

// ratioChart is CPU per message in relation to the server in C.
func (r *report) ratioChart() *chart {
	c := &chart{Title: "CPU per message in relation to C", Unit: "x",
		Text: "1 is an epoll server in C. Messages of 64 B but for 50x1x16K; connections x messages in flight on each. Less is better."}
	loads := []string{"1x1", "100x1", "1000x1", "100x16", "50x1x16K", "churn"}
	return c.fill(r, 1, loads, loads, func(s *serverResult) float64 {
		if s.Name == peerC {
			return 1
		}
		return s.Ratios[peerC].CPU.Median
	})
}

// cpuChart is CPU per message against connections.
func (r *report) cpuChart(procs int) *chart {
	c := &chart{Title: fmt.Sprintf("CPU per message, GOMAXPROCS=%d", procs), Unit: "us",
		Text: "Messages of 64 B, one in flight on each connection. Less is better. Most of it is the kernel's TCP."}
	return c.fill(r, procs, []string{"1x1", "100x1", "1000x1"}, []string{"1 connection", "100 connections", "1000 connections"},
		func(s *serverResult) float64 { return s.CPU.Median })
}

// latencyChart is p50 and p99 with one connection, and p99 with 100.
func (r *report) latencyChart() *chart {
	c := &chart{Title: "Latency, 1 connection", Unit: "us", Text: "From the send of a message to its answer, at the load generator."}
	for _, res := range r.Results {
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
func (r *report) memoryChart() *chart {
	c := &chart{Title: "Memory of an idle connection", Unit: "B", Text: "Resident memory of the server, divided by its connections."}
	return c.fill(r, 1, []string{"idle"}, []string{"10,000 idle connections"}, func(s *serverResult) float64 { return s.IdleBytes.Median })
}
