package main

import (
	_ "embed"
	"time"
)

const kindUDP kind = "udp"

const (
	implBatch     = "pollux-batch"      // RecvBatch and SendBatch in a callback
	implBatchTask = "pollux-batch-task" // and in a task
	implDatagrams = "pollux-datagrams"  // a datagram server of package protocol
	implGRO       = "pollux-gro"        // pollux-batch with UDP_GRO
)

//go:embed testdata/udpecho.c
var udpEchoC []byte

// udpSuite is UDP echo.
var udpSuite = suite{
	Name:  "udp",
	About: "UDP echo: CPU per packet of single calls, of batches, and of packets that the kernel cuts and joins",
	Order: 20,
	Impls: []impl{
		{Name: implBatch, Serve: serveBatch(false)},
		{Name: implBatchTask, Serve: serveBatchTask},
		{Name: implDatagrams, Serve: serveDatagrams},
		{Name: implGRO, Serve: serveBatch(true)},
		{Name: peerGnet, Serve: serveGnetUDP},
		{Name: peerNet, Serve: serveNetUDP},
		{Name: peerC, C: udpEchoC},
	},
	Scenarios: []scenario{
		{Name: "udp-64", Text: "4 sockets, 32 packets of 64 B in flight on each",
			Kind: kindUDP, Unit: "packet", Conns: 4, Depth: 32, Size: 64, Only: withoutGRO, Often: 3, Syscalls: true},
		{Name: "udp-1200", Text: "4 sockets, 32 packets of 1200 B in flight on each",
			Kind: kindUDP, Unit: "packet", Conns: 4, Depth: 32, Size: 1200, Only: withoutGRO, Often: 3, Syscalls: true},
		{Name: "gso-64", Text: "the same 64 B; the load generator sends with UDP_SEGMENT and receives with UDP_GRO",
			Kind: kindUDP, Unit: "packet", Conns: 4, Depth: 32, Size: 64, GSO: true, Only: withGRO, Often: 3},
		{Name: "gso-1200", Text: "the same 1200 B; the load generator sends with UDP_SEGMENT and receives with UDP_GRO",
			Kind: kindUDP, Unit: "packet", Conns: 4, Depth: 32, Size: 1200, GSO: true, Only: withGRO, Often: 3},
	},
	Peers:   []string{peerGnet, peerNet, peerC},
	Targets: udpTargets,
	Charts: func(r *report) []*chart {
		c := &chart{Title: "CPU per UDP packet", Unit: "us",
			Text: "Echo of 4 sockets with 32 packets in flight on each; gso: the load generator has the kernel cut and join packets. Less is better."}
		return []*chart{c.fill(r, 1, []string{"udp-64", "udp-1200", "gso-64", "gso-1200"}, []string{"64 B", "1200 B", "64 B, gso", "1200 B, gso"},
			func(s *serverResult) float64 { return s.CPU.Median })}
	},
	Planned: time.Minute,
	Procs:   []int{1},
	Cycles:  7,
}

var (
	withoutGRO = []string{implBatch, implBatchTask, implDatagrams, peerGnet, peerNet, peerC}
	withGRO    = []string{implBatch, implGRO, peerNet, peerC}
)

func init() { addSuite(&udpSuite) }

func udpTargets() []target {
	var list []target
	for _, name := range []string{"udp-64", "udp-1200"} {
		for _, i := range []string{implBatch, implBatchTask, implDatagrams} {
			list = append(list, cpuTarget(i, peerGnet, name, 1, 0.55), cpuTarget(i, peerNet, name, 1, 0.75), cpuTarget(i, peerC, name, 1, 1.10))
		}
	}
	for _, name := range []string{"gso-64", "gso-1200"} {
		list = append(list, cpuTarget(implGRO, peerNet, name, 1, 0.10))
	}
	return list
}
