package main

import (
	"io"
	"net"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock/netconn"
)

// The servers of "bench proxy". Each joins the first connection that it accepts to the second, the
// third to the fourth, and so on.
const (
	implProxy     = "netconn"      // io.Copy, which splices
	implProxyTask = "netconn-task" // the same in a task
	implProxyCopy = "netconn-copy" // 64 KiB at a time through the program's memory
	implNetCopy   = "net-copy"     // the same with package net
)

const kindProxy kind = "proxy"

var proxySuite = suite{
	Name:  "proxy",
	About: "a proxy from socket to socket: CPU per MiB of io.Copy on netconn and on package net, and of copying",
	Order: 70,
	Impls: []impl{
		{Name: implProxy, Serve: serveProxy(netconn.Listen, inGoroutine(copyConn[*netconn.Conn]))},
		{Name: implProxyTask, Serve: serveProxyTask},
		{Name: peerNet, Serve: serveProxy(net.Listen, inGoroutine(copyConn[net.Conn]))},
		{Name: implProxyCopy, Serve: serveProxy(netconn.Listen, inGoroutine(copyThrough[*netconn.Conn]))},
		{Name: implNetCopy, Serve: serveProxy(net.Listen, inGoroutine(copyThrough[net.Conn]))},
	},
	Scenarios: []scenario{{Name: "stream", Text: "one connection at full speed, one way", Kind: kindProxy, Unit: "MiB", Conns: 2, Depth: 1, Often: 2}},
	Peers:     []string{peerNet, implProxyCopy, implNetCopy},
	Targets: func() (list []target) {
		for _, procs := range []int{1, 2} {
			list = append(list,
				cpuTarget(implProxy, peerNet, "stream", procs, 1),
				cpuTarget(implProxyTask, peerNet, "stream", procs, 1),
				cpuTarget(implProxy, implProxyCopy, "stream", procs, 0.55),
				cpuTarget(implProxy, implNetCopy, "stream", procs, 0.55))
		}
		return list
	},
	Charts:  exchangeCharts("CPU of a proxy per MiB", []int{1, 2}, "stream"),
	Planned: 15 * time.Second,
	Procs:   []int{1, 2},
	Cycles:  7,
}

func init() { addSuite(&proxySuite) }

// serveProxy accepts pairs of connections and joins them.
func serveProxy[L net.Listener](listen func(network, address string) (L, error), join func(to, from net.Conn)) func(serveConfig) error {
	return func(cfg serveConfig) error {
		l, err := listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		// BBR would have a timer pace what the proxy sends; see bench send.
		raw, err := any(l).(syscall.Conn).SyscallConn()
		if err != nil {
			return err
		}
		var failed error
		if err := raw.Control(func(fd uintptr) { failed = setCongestion(int(fd), "reno") }); err != nil || failed != nil {
			return failed
		}
		cfg.Announce(l.Addr())
		for {
			from, err := l.Accept()
			if err != nil {
				return err
			}
			to, err := l.Accept()
			if err != nil {
				return err
			}
			join(to, from)
		}
	}
}

// inGoroutine runs a copy in a goroutine.
func inGoroutine[C net.Conn](copy func(to, from C) error) func(to, from net.Conn) {
	return func(to, from net.Conn) {
		go func() {
			defer to.Close()
			defer from.Close()
			copy(to.(C), from.(C)) // the load generator notices what is missing
		}()
	}
}

// serveProxyTask runs io.Copy in tasks.
func serveProxyTask(cfg serveConfig) error {
	r, err := loop.NewReactor(&loop.Config{Loops: cfg.Procs})
	if err != nil {
		return err
	}
	return serveProxy(netconn.Listen, func(to, from net.Conn) {
		r.Next().Go(func(t *loop.Task) {
			defer to.Close()
			defer from.Close()
			copyConn(to.(*netconn.Conn).In(t), from.(*netconn.Conn).In(t)) // as above
		})
	})(cfg)
}

// copyConn copies as a proxy is written: both packages have ways to do it without the program's
// memory.
func copyConn[C net.Conn](to, from C) error {
	_, err := io.Copy(to, from)
	return err
}

// copyThrough hides them.
func copyThrough[C net.Conn](to, from C) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 64<<10))
	return err
}
