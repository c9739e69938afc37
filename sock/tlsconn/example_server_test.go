package tlsconn_test

import (
	"fmt"
	"io"
	"log"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// Server and Client make the two ends of a TLS connection over connected sockets. In a real program
// serverTLS loads a certificate, and clientTLS is &tls.Config{ServerName: host}.
func ExampleServer() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	server, err := tlsconn.Server(a, &tlsconn.Config{TLS: serverTLS()})
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		defer server.Close()
		io.WriteString(server, "hello") // the first Write makes the handshake
	}()
	client, err := tlsconn.Client(b, &tlsconn.Config{TLS: clientTLS()})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	text, err := io.ReadAll(client)
	fmt.Printf("%q %v\n", text, err)
	// Output: "hello" <nil>
}
