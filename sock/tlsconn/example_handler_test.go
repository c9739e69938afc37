package tlsconn_test

import (
	"fmt"
	"io"
	"log"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// A greeter is the Handler of a connection: the loop calls it.
type greeter struct{}

func (greeter) Handshaked(c *tlsconn.Conn) {
	io.WriteString(c, "hello")
	c.Close() // once all is sent
}

func (greeter) Readable(*tlsconn.Conn) {}

func (greeter) Writable(*tlsconn.Conn) {}

func (greeter) Closed(*tlsconn.Conn, error) {}

// By callbacks, an idle connection has neither a goroutine nor a task. With the layer Compact it
// has no buffers of crypto/tls either.
func ExampleHandler() {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	server, err := tlsconn.Server(a, &tlsconn.Config{TLS: serverTLS(), Layer: tlsconn.Compact})
	if err != nil {
		log.Fatal(err)
	}
	if err := server.Watch(r.Next(), greeter{}); err != nil {
		log.Fatal(err)
	}
	client, err := tlsconn.Client(b, &tlsconn.Config{TLS: clientTLS()})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	text, err := io.ReadAll(client)
	fmt.Printf("%q %v\n", text, err)
	// Output: "hello" <nil>
}
