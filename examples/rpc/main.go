// Rpc is a server and a client of remote calls. A message is a frame: its length and its body.
// Request and answer begin with the same number, so many calls share a connection.
//
//	$ go run ./examples/rpc 10000
//	10000 calls, 16 at once: all answers right
//
// Needs: any system.
package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

var frames = protocol.Length{Bytes: 4, Limit: 1 << 16}

// A callee answers with the request in capitals.
type callee struct{ protocol.Base }

func (c callee) Data(t *protocol.Transport, p []byte) int { return protocol.Frames(t, p, frames, c) }
func (callee) Frame(t *protocol.Transport, p []byte) {
	if len(p) < 8 {
		t.Abort()
	} else {
		frames.Write(t, append(p[:8:8], strings.ToUpper(string(p[8:]))...))
	}
}

// A caller holds the calls that wait for their answers. It belongs to its loop.
type caller struct {
	protocol.Base
	t     *protocol.Transport
	last  uint64
	calls map[uint64]*loop.Promise[string]
}

// call sends a request. Loop only.
func (c *caller) call(text string) loop.Future[string] {
	c.last++
	p := loop.NewPromise[string](c.t.Loop())
	c.calls[c.last] = p
	frames.Write(c.t, append(binary.BigEndian.AppendUint64(nil, c.last), text...))
	return p.Future()
}

func (c *caller) Made(t *protocol.Transport)               { c.t = t }
func (c *caller) Data(t *protocol.Transport, p []byte) int { return protocol.Frames(t, p, frames, c) }
func (c *caller) Frame(t *protocol.Transport, p []byte) {
	if len(p) < 8 || c.calls[binary.BigEndian.Uint64(p)] == nil {
		t.Abort() // it answers nothing that was asked
		return
	}
	id := binary.BigEndian.Uint64(p)
	c.calls[id].Resolve(string(p[8:]))
	delete(c.calls, id)
}

func (c *caller) Lost(_ *protocol.Transport, err error) {
	for _, p := range c.calls {
		p.Reject(fmt.Errorf("the connection is lost: %v", err))
	}
}

func main() {
	n := int(must(strconv.ParseUint(append(os.Args, "10000")[1], 10, 31)))
	server := must(protocol.NewServer(&protocol.Config{New: func(*protocol.Transport) protocol.Protocol { return callee{} }}))
	at := must(server.Listen(sock.Inet("127.0.0.1", 0)))
	c := &caller{calls: make(map[uint64]*loop.Promise[string])}
	t := must(must(protocol.NewClient(nil)).DialAddr(context.Background(), at, c).Wait(context.Background()))
	workers := loop.NewGroup(t.Loop())
	for worker := range 16 {
		workers.Go(func(task *loop.Task) error {
			for i := worker; i < n; i += 16 {
				if answer, err := c.call(fmt.Sprint("call ", i)).Await(task); err != nil || answer != fmt.Sprint("CALL ", i) {
					return fmt.Errorf("call %d: %q, %v", i, answer, err)
				}
			}
			return nil
		})
	}
	must(workers.Done().Wait(context.Background()))
	fmt.Println(n, "calls, 16 at once: all answers right")
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
