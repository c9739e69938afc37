// Linechat is a chat server: each line goes to all other guests. A guest's first line is its name.
//
//	$ go run ./examples/linechat 127.0.0.1:7000
//	$ nc 127.0.0.1 7000
//
// Ctrl-C ends it, after it has sent everything.
//
// Needs: any system.
package main

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"os"
	"os/signal"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

// A room holds all connections of a server.
type room struct{ server *protocol.Server }

// tell writes a line to all guests but one.
func (r *room) tell(except *protocol.Transport, line string) {
	r.server.Each(func(t *protocol.Transport) {
		if t != except {
			t.WriteString(line)
		}
	})
}

// A guest is one connection.
type guest struct {
	protocol.Base
	room *room
	name string
}

func (g *guest) Made(t *protocol.Transport) { t.WriteString("your name?\n") }

func (g *guest) Data(t *protocol.Transport, p []byte) int {
	return protocol.Frames(t, p, protocol.Line{Limit: 400}, g)
}

func (g *guest) Frame(t *protocol.Transport, line []byte) {
	switch {
	case g.name != "":
		g.room.tell(t, fmt.Sprintf("%s: %s\n", g.name, line))
	case len(line) > 0:
		g.name = string(line)
		t.HandshakeDone()
		g.room.tell(t, g.name+" is here\n")
	}
}

func (g *guest) Shutdown(t *protocol.Transport) {
	t.WriteString("the server ends\n")
	t.Close()
}

func (g *guest) Lost(*protocol.Transport, error) {
	if g.name != "" {
		g.room.tell(nil, g.name+" has left\n")
	}
}

func main() {
	addr := must(netip.ParseAddrPort(append(os.Args, "127.0.0.1:7000")[1]))
	r := new(room)
	r.server = must(protocol.NewServer(&protocol.Config{
		New:              func(*protocol.Transport) protocol.Protocol { return &guest{room: r} },
		HandshakeTimeout: time.Minute, // for the name
		IdleTimeout:      time.Hour,
		WriteTimeout:     30 * time.Second,
		MaxConns:         10_000,
	}))
	fmt.Println("listening on", must(r.server.Listen(sock.Inet(addr.Addr().String(), int(addr.Port())))))
	stop, release := signal.NotifyContext(context.Background(), os.Interrupt)
	<-stop.Done()
	release()
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	report, err := r.server.Shutdown(patience)
	fmt.Println(report)
	if err != nil {
		log.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
