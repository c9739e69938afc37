// Redis serves enough of RESP for redis-benchmark, with callbacks or with tasks.
//
//	$ go run ./examples/redis callback 127.0.0.1:6379
//	$ redis-benchmark -p 6379 -t ping,set,get -P 16
//
// Needs: any system.
package main

import (
	"fmt"
	"log"
	"net/netip"
	"os"

	"github.com/polluxio/pollux/examples/redis/store"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

// A client is a connection that callbacks serve. All clients share one loop, so the store needs no
// lock, and this one value is enough for all of them.
type client struct {
	protocol.Base
	store *store.Store
}

func (c *client) Data(t *protocol.Transport, p []byte) int {
	out, used, err := c.store.Serve(t.AvailableBuffer(), p)
	t.Write(out)
	if err != nil {
		t.Close()
		return len(p)
	}
	return used
}

// tasks do the same in straight-line code. They share one loop, too.
type tasks struct {
	store *store.Store
	in    *sock.Buffers
	out   []byte // nil while a task sends it
}

func (s *tasks) serve(_ *loop.Task, c *sock.Socket) {
	var rest []byte // of a command that is not whole
	for {
		p, err := c.RecvBuffer(s.in, 0)
		if p == nil || err != nil {
			return
		}
		all := p
		if len(rest) > 0 {
			all = append(rest, p...)
		}
		before := len(all)
		for more := true; more; {
			out, used, failed := s.store.Serve(s.out[:0], all)
			s.out = nil
			if _, err := c.Sendall(out, 0); err != nil || failed != nil {
				s.in.Put(p)
				return
			}
			s.out, all = out, all[used:]
			more = used > 0 && len(all) > 0
		}
		switch {
		case len(all) == 0:
			rest = nil
		case len(all) < before || len(rest) == 0:
			rest = append([]byte(nil), all...)
		default:
			rest = all // a long command goes on: each part of it is copied once
		}
		s.in.Put(p)
	}
}

func main() {
	args := append(os.Args[1:], "callback", "127.0.0.1:6379")
	at, err := netip.ParseAddrPort(args[1])
	check(err)
	all := &client{store: store.New()}
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return all }})
	check(err)
	if args[0] == "task" {
		s.Go((&tasks{store: all.store, in: sock.NewBuffers(16 << 10)}).serve)
	}
	bound, err := s.Listen(sock.Inet(at.Addr().String(), int(at.Port())))
	check(err)
	fmt.Println("listening on", bound)
	select {}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
