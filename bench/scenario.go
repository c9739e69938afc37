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
	// kindExchange keeps Depth requests in flight on each of Conns open connections, and sends the
	// next ones once all are answered.
	kindExchange kind = "exchange"
	// kindIdle opens Conns connections, sends one message on each, and looks at the server's
	// memory.
	kindIdle kind = "idle"
)

// A scenario is one load that every server is put under.
type scenario struct {
	Name  string `json:"name"`
	Text  string `json:"text"`
	Kind  kind   `json:"kind"`
	Unit  string `json:"unit,omitempty"` // what CPU is given for; empty: msg
	Conns int    `json:"conns"`
	Depth int    `json:"depth"` // messages in flight on each connection
	Size  int    `json:"size"`  // bytes of a message

	// GSO makes the load generator have the kernel cut and join datagrams.
	GSO bool `json:"gso,omitempty"`

	// Hogs is how many goroutines burn CPU inside the server. Servers with hogs are stopped
	// (SIGSTOP) while another one has its turn.
	Hogs int `json:"hogs,omitempty"`

	// Procs, if not zero, is the only GOMAXPROCS that the scenario is measured with.
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

	// Loops puts each server in the race once for each value: so many loops, and as much
	// GOMAXPROCS.
	Loops []int `json:"loops,omitempty"`

	// Work is the steps of arithmetic that a message costs the server.
	Work int `json:"work,omitempty"`

	// Only names the implementations that take part; nil: all.
	Only []string `json:"only,omitempty"`

	// Syscalls asks for the system calls per message, too.
	Syscalls bool `json:"syscalls,omitempty"`

	// Exchange is what kindExchange sends.
	Exchange exchange `json:"-"`
}

// unit is what the figures of the scenario are given for.
func (s scenario) unit() string {
	switch {
	case s.Unit != "":
		return s.Unit
	case s.Kind == kindChurn:
		return "conn"
	}
	return "msg"
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
