package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/pool/goroutine"
	"golang.org/x/sys/unix"
)

// serveGnet echoes with gnet, level-triggered as it comes, one event loop for each processor, and
// nothing logged.
func serveGnet(cfg serveConfig) error {
	return gnet.Run(&gnetEcho{announce: cfg.Announce}, "tcp://127.0.0.1:0",
		gnet.WithNumEventLoop(cfg.Procs), gnet.WithLogger(silent{}))
}

// withoutGnet ends what gnet starts in every program that imports it: two goroutines with a ticker
// each. A server that does not use gnet shall not pay for timers that are not its own.
func withoutGnet() { goroutine.DefaultWorkerPool.Release() }

// serveGnetWork is serveGnet with arithmetic for each message.
func serveGnetWork(cfg serveConfig) error {
	return gnet.Run(&gnetWork{gnetEcho{announce: cfg.Announce}, cfg.Work}, "tcp://127.0.0.1:0",
		gnet.WithNumEventLoop(cfg.Procs), gnet.WithLogger(silent{}))
}

type gnetWork struct {
	gnetEcho
	steps int
}

func (e *gnetWork) OnTraffic(c gnet.Conn) gnet.Action {
	compute(c.InboundBuffered() * e.steps / workSize)
	return e.gnetEcho.OnTraffic(c)
}

type gnetEcho struct {
	gnet.BuiltinEventEngine
	announce func(net.Addr)
}

func (e *gnetEcho) OnBoot(eng gnet.Engine) gnet.Action {
	addr, err := listenAddr(eng)
	if err != nil {
		fmt.Fprintln(os.Stderr, "gnet:", err)
		return gnet.Shutdown
	}
	e.announce(addr)
	return gnet.None
}

func (e *gnetEcho) OnTraffic(c gnet.Conn) gnet.Action {
	b, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if _, err := c.Write(b); err != nil {
		return gnet.Close
	}
	return gnet.None
}

// listenAddr asks the kernel for the port, since gnet only knows that it was given 0.
func listenAddr(eng gnet.Engine) (net.Addr, error) {
	fd, err := eng.Dup()
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	in, ok := sa.(*unix.SockaddrInet4)
	if !ok {
		return nil, fmt.Errorf("listening on %T, not on IPv4", sa)
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port))), nil
}

// silent is a gnet logger that says nothing.
type silent struct{}

func (silent) Debugf(string, ...any) {}
func (silent) Infof(string, ...any)  {}
func (silent) Warnf(string, ...any)  {}
func (silent) Errorf(string, ...any) {}
func (silent) Fatalf(string, ...any) {}
