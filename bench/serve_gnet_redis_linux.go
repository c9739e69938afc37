package main

import (
	"github.com/panjf2000/gnet/v2"

	"github.com/polluxio/pollux/examples/redis/store"
)

// serveGnetRedis has one event loop, so that the store needs no lock, as in examples/redis.
func serveGnetRedis(cfg serveConfig) error {
	return gnet.Run(&gnetRedis{gnetEcho: gnetEcho{announce: cfg.Announce}, store: store.New()}, "tcp://127.0.0.1:0",
		gnet.WithNumEventLoop(1), gnet.WithLogger(silent{}))
}

// gnetRedis runs the commands that have come whole, and answers them by one Write.
type gnetRedis struct {
	gnetEcho
	store *store.Store
	out   []byte // of the loop
}

func (g *gnetRedis) OnTraffic(c gnet.Conn) gnet.Action {
	p, err := c.Peek(-1)
	if err != nil {
		return gnet.Close
	}
	out, used, failed := g.store.Serve(g.out[:0], p)
	g.out = out
	if _, err := c.Write(out); err != nil || failed != nil {
		return gnet.Close
	}
	if _, err := c.Discard(used); err != nil {
		return gnet.Close
	}
	return gnet.None
}
