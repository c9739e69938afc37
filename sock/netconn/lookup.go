package netconn

import (
	"context"
	"errors"
	"net"
	"strconv"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// lookup finds the addresses of an inet network's "host:port", in the calling goroutine or, if t is
// not nil, while the task is suspended. flags are AI_*.
//
// Errors: a *net.AddrError, a *sock.GaiError, the cause of ctx.
func lookup(ctx context.Context, t *loop.Task, r *sock.Resolver, n *network, address string, flags int) ([]sock.AddrInfo, error) {
	if address == "" { // as in package net
		if flags&sock.AI_PASSIVE == 0 {
			return nil, errNoAddr
		}
		address = ":0"
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if port == "" {
		port = "0"
	}
	// getaddrinfo takes a number modulo 65536, and package net refuses it.
	if number, err := strconv.Atoi(port); errors.Is(err, strconv.ErrRange) || err == nil && (number < 0 || number > 65535) {
		return nil, &net.AddrError{Err: "invalid port", Addr: port}
	}
	if r == nil {
		r = sock.DefaultResolver
	}
	hints := sock.Hints{Family: n.inet, Type: n.typ, Flags: flags}
	find := func(ctx context.Context) ([]sock.AddrInfo, error) {
		return r.Getaddrinfo(ctx, host, port, &hints)
	}
	if t == nil {
		return find(ctx)
	}
	f := sock.Lookup(t.Loop(), func(inner context.Context) ([]sock.AddrInfo, error) {
		inner, cancel := context.WithCancelCause(inner)
		defer cancel(nil)
		stop := context.AfterFunc(ctx, func() { cancel(context.Cause(ctx)) })
		defer stop()
		return find(inner)
	})
	defer f.Cancel()
	return f.Await(t)
}

// inetName is the name of the network with its family, as a Control function gets it: "tcp4".
func inetName(n *network, family sock.Family) string {
	switch {
	case n.inet != sock.AF_UNSPEC:
		return n.name
	case family == sock.AF_INET6:
		return n.name + "6"
	}
	return n.name + "4"
}
