package main

import "github.com/panjf2000/gnet/v2"

// serveGnetUDP is serveGnet for datagrams: the same handler, which gets them one by one.
func serveGnetUDP(cfg serveConfig) error {
	return gnet.Run(&gnetEcho{announce: cfg.Announce}, "udp://127.0.0.1:0",
		gnet.WithNumEventLoop(cfg.Procs), gnet.WithSocketRecvBuffer(udpRoom), gnet.WithLogger(silent{}))
}
