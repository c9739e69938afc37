// Redis serves enough of RESP for redis-benchmark, with callbacks or with tasks.
//
//	$ go run ./examples/redis callback 127.0.0.1:6379
//	$ redis-benchmark -p 6379 -t ping,set,get -P 16
package main

import (
	"fmt"
	"log"
	"net/netip"
	"os"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

// A client is a connection that callbacks serve. All clients share one loop, so the store needs no
// lock.
type client struct {
	protocol.Base
	store *store
	out   []byte
}

func (c *client) Data(t *protocol.Transport, p []byte) int {
	used := 0
	c.out = c.out[:0]
	for used < len(p) {
		cmd, n, err := parse(p[used:])
		if err != nil {
			t.Write(fmt.Appendf(c.out, "-ERR %v\r\n", err))
			t.Close()
			return len(p)
		}
		if n == 0 {
			break
		}
		used, c.out = used+n, c.store.do(c.out, cmd)
	}
	t.Write(c.out)
	return used
}

// serve does the same in straight-line code, in a task.
func (s *store) serve(_ *loop.Task, c *sock.Socket) {
	buffers := sock.NewBuffers(16 << 10)
	var rest, out []byte
	for {
		p, err := c.RecvBuffer(buffers, 0)
		if p == nil || err != nil {
			return
		}
		all := p
		if len(rest) > 0 {
			all = append(rest, p...)
		}
		out = out[:0]
		for len(all) > 0 {
			cmd, n, err := parse(all)
			if err != nil {
				c.Sendall(fmt.Appendf(out, "-ERR %v\r\n", err), 0)
				return
			}
			if n == 0 {
				break
			}
			all = all[n:]
			out = s.do(out, cmd)
		}
		rest = append([]byte(nil), all...)
		buffers.Put(p)
		if _, err := c.Sendall(out, 0); err != nil {
			return
		}
	}
}

func main() {
	args := append(os.Args[1:], "callback", "127.0.0.1:6379")
	at, err := netip.ParseAddrPort(args[1])
	check(err)
	st := &store{make(map[string][]byte)}
	s, err := protocol.NewServer(&protocol.Config{Loops: 1, New: func(*protocol.Transport) protocol.Protocol { return &client{store: st} }})
	check(err)
	if args[0] == "task" {
		s.Go(st.serve)
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
