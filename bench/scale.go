package main

import (
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/polluxio/pollux/sock/protocol"
)

// scaleSuite has servers with one loop and with two. A plain echo cannot show what the second loop
// is worth on a machine of two cores: the load generator needs one of them. So each message costs
// the server some arithmetic as well, and the report says how much of a core the generator used.
var scaleSuite = suite{
	Name:  "scale",
	About: "two loops on two cores beside one on one, with messages that cost 20 us of arithmetic",
	Order: 30,
	Impls: []impl{
		{Name: implProtocol, Serve: serveProtocolWork},
		{Name: peerGnet, Serve: serveGnetWork},
		{Name: peerNet, Serve: serveNetWork},
	},
	Scenarios: []scenario{
		{Name: "work", Text: "100 connections, 16 messages of 64 B in flight on each, and 10,000 steps of arithmetic for each message",
			Kind: kindEcho, Conns: 100, Depth: 16, Size: 64, Loops: []int{1, 2}, Work: 10_000, Stretch: 4},
		{Name: "no-work", Text: "the same without arithmetic: the load generator is the limit",
			Kind: kindEcho, Conns: 100, Depth: 16, Size: 64, Loops: []int{1, 2}},
	},
	Targets: func() []target {
		rate := func(impl string) target {
			two, one := onLoops(impl, 2), onLoops(impl, 1)
			t := ratioTarget("messages, "+two+" / "+one+", work", 1.6, "work", 2, two, one, func(c compare) quartiles { return c.Rate })
			return t.as(atLeast)
		}
		// What other programs take of the cores lowers the rate, and not the CPU of a message. If a
		// message costs at most 1/0.8 with two loops, two free cores serve 1.6 times as many.
		two, one := onLoops(implProtocol, 2), onLoops(implProtocol, 1)
		cpu := ratioTarget("CPU a message, "+two+" / "+one+", work", 1.25, "work", 2, two, one, func(c compare) quartiles { return c.CPU })
		return []target{rate(implProtocol), cpu, rate(peerNet).as(noBound), rate(peerGnet).as(noBound)}
	},
	Planned: 30 * time.Second,
	Procs:   []int{2},
	Cycles:  7,
}

func init() { addSuite(&scaleSuite) }

// onLoops is the name of a server with so many loops.
func onLoops(impl string, loops int) string { return fmt.Sprintf("%s-x%d", impl, loops) }

// compute is a chain of n steps, each of which needs the one before: about 2 ns each.
func compute(n int) {
	x := uint64(n) | 1
	for range n {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	runtime.KeepAlive(x)
}

// workSize is the bytes that serveConfig.Work steps are done for.
const workSize = 64

type protocolWork struct {
	protocol.Base
	steps int
}

func (w protocolWork) Data(t *protocol.Transport, p []byte) int {
	compute(len(p) * w.steps / workSize)
	t.Write(p) // an error ends the connection, and Lost gets it
	return len(p)
}

func serveProtocolWork(cfg serveConfig) error {
	s, err := protocol.NewServer(&protocol.Config{
		New: func(*protocol.Transport) protocol.Protocol { return protocolWork{steps: cfg.Work} },
	})
	if err != nil {
		return err
	}
	return listenAndServe(s, cfg.Announce)
}

func serveNetWork(cfg serveConfig) error {
	return acceptAll(cfg, func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, cfg.Buffer)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			compute(n * cfg.Work / workSize)
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
		}
	})
}
