package main

import (
	"fmt"
	"strings"
	"time"
)

// A kind is the shape of a scenario's load.
type kind string

const (
	// kindEcho keeps Depth messages in flight on each of Conns open connections.
	kindEcho kind = "echo"
	// kindChurn connects, sends one message, receives it and closes, Conns at a time.
	kindChurn kind = "churn"
	// kindIdle opens Conns connections, sends one message on each, and looks at the server's
	// memory.
	kindIdle kind = "idle"
)

// A scenario is one load that every server is put under.
type scenario struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Kind  kind   `json:"kind"`
	Conns int    `json:"conns"`
	Depth int    `json:"depth"` // messages in flight on each connection
	Size  int    `json:"size"`  // bytes of a message

	// Hogs is how many goroutines burn CPU inside the server. Servers with hogs are stopped
	// (SIGSTOP) while another one has its turn, and are measured with one GOMAXPROCS only, Procs.
	Hogs  int `json:"hogs,omitempty"`
	Procs int `json:"procs,omitempty"`

	// Busy hogs never yield. Others do, each 50 us.
	Busy bool `json:"busy,omitempty"`

	// Timeout, if not zero, puts each server that can set one in the race twice: without a timeout,
	// and with this one on every wait.
	Timeout time.Duration `json:"timeout_ns,omitempty"`

	// Stretch multiplies the slice; 0 is 1.
	Stretch int `json:"stretch,omitempty"`

	// Often multiplies the cycles; 0 is 1. It is for what is compared within a few percent.
	Often int `json:"often,omitempty"`

	// Syscalls asks for the system calls per message, too.
	Syscalls bool `json:"syscalls,omitempty"`
}

// scenarios is every scenario, in the order of the report. The names are connections x messages in
// flight, with the size where it is not 64 bytes.
var scenarios = []scenario{
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
		Kind: kindEcho, Conns: 1, Depth: 1, Size: 64, Timeout: 5 * time.Second, Often: 3},
	{Name: "timeout-100x1", Text: "100x1 with a timeout of 5 s on every wait, beside none",
		Kind: kindEcho, Conns: 100, Depth: 1, Size: 64, Timeout: 5 * time.Second, Often: 3},
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

// parseScenarios turns a comma-separated list of names into scenarios.
func parseScenarios(list string) ([]scenario, error) {
	return parseList("echo: -scenarios", list, scenarios, func(s scenario) string { return s.Name })
}

// parseList picks the named elements of all, in the order of the list.
func parseList[T any](flag, list string, all []T, name func(T) string) ([]T, error) {
	var names []string
	for _, v := range all {
		names = append(names, name(v))
	}
	var picked []T
next:
	for want := range strings.SplitSeq(list, ",") {
		for _, v := range all {
			if name(v) == strings.TrimSpace(want) {
				picked = append(picked, v)
				continue next
			}
		}
		return nil, usageError(fmt.Sprintf("%s: unknown %q: want some of %s", flag, want, strings.Join(names, ",")))
	}
	return picked, nil
}
