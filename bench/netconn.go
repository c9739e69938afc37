package main

import (
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/netconn"
)

// The servers of "bench netconn".
const (
	implConn       = "netconn"      // a goroutine for each Conn, as with package net
	implConnTask   = "netconn-task" // a task for each, by In(task)
	implPacketConn = "netconn-udp"  // a PacketConn with the AddrPort methods
	implNetUDP     = "net-udp"      // the same with package net
)

var netconnSuite = suite{
	Name:  "netconn",
	About: "package netconn beside net: echo by goroutines and by tasks, UDP echo, memory of an idle connection",
	Order: 40,
	Impls: []impl{
		{Name: implConn, Serve: serveConn},
		{Name: implConnTask, Serve: serveConnTask},
		{Name: peerNet, Serve: serveNet},
		{Name: implPacketConn, Serve: servePacketConn},
		{Name: implNetUDP, Serve: serveNetUDP},
	},
	Scenarios: []scenario{
		{Name: "100x1", Text: "100 connections, 1 message of 64 B in flight on each",
			Kind: kindEcho, Conns: 100, Depth: 1, Size: 64, Only: streamConns, Often: 2, Syscalls: true},
		{Name: "1000x1", Text: "1000 connections, 1 message of 64 B in flight on each",
			Kind: kindEcho, Conns: 1000, Depth: 1, Size: 64, Only: streamConns, Often: 2},
		{Name: "udp", Text: "4 sockets, 32 packets of 64 B in flight on each",
			Kind: kindUDP, Unit: "packet", Conns: 4, Depth: 32, Size: 64, Only: []string{implPacketConn, implNetUDP}, Often: 2, Syscalls: true},
		{Name: "idle", Text: "memory of connections that sent one message of 64 B and then wait, with a read buffer of 4 KiB each",
			Kind: kindIdle, Conns: 10_000, Depth: 1, Size: 64, Only: streamConns},
	},
	Peers: []string{peerNet, implNetUDP},
	Targets: func() (list []target) {
		for _, procs := range []int{1, 2} {
			list = append(list,
				cpuTarget(implConn, peerNet, "100x1", procs, 0.92),
				cpuTarget(implConn, peerNet, "1000x1", procs, 0.92),
				cpuTarget(implConnTask, peerNet, "100x1", procs, 0.85),
				cpuTarget(implConnTask, peerNet, "1000x1", procs, 0.85),
				cpuTarget(implPacketConn, implNetUDP, "udp", procs, 0.90))
		}
		return append(list, ratioTarget("memory of an idle connection, netconn / net", 1, "idle", 1, implConn, peerNet,
			func(c compare) quartiles { return c.Idle }))
	},
	Charts:  exchangeCharts("Echo on package netconn", []int{1, 2}, "100x1", "1000x1"),
	Planned: 30 * time.Second,
	Procs:   []int{1, 2},
	Cycles:  7,
}

var streamConns = []string{implConn, implConnTask, peerNet}

func init() { addSuite(&netconnSuite) }

func serveConn(cfg serveConfig) error {
	return serveConns(cfg, func(c *netconn.Conn) { go echoNet(c, cfg) })
}

func serveConnTask(cfg serveConfig) error {
	r, err := loop.NewReactor(&loop.Config{Loops: cfg.Procs})
	if err != nil {
		return err
	}
	return serveConns(cfg, func(c *netconn.Conn) {
		r.Next().Go(func(t *loop.Task) { echoNet(c.In(t), cfg) })
	})
}

// serveConns accepts as programs do: in a goroutine.
func serveConns(cfg serveConfig, serve func(*netconn.Conn)) error {
	l, err := netconn.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	cfg.Announce(l.Addr())
	for {
		c, err := l.AcceptConn()
		if err != nil {
			return err
		}
		serve(c)
	}
}

func servePacketConn(cfg serveConfig) error {
	c, err := netconn.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return echoUDP(c, cfg)
}
