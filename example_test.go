package pollux_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// The echo server is a coroutine on a loop of its own. The client is an ordinary goroutine. Both
// use the same methods. Only the way to wait differs.
func Example() {
	reactor, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer reactor.Close()

	listener, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		log.Fatal(err)
	}
	at, err := listener.Getsockname()
	if err != nil {
		log.Fatal(err)
	}

	// In the view of a task, a call suspends the task until it is done, and the loop runs other
	// work. An accepted socket has the same view as its listener.
	server := reactor.Next().Go(func(t *loop.Task) {
		defer listener.Close()
		conn, _, err := listener.In(t).Accept()
		if err != nil {
			fmt.Println("server:", err)
			return
		}
		defer conn.Close()
		for {
			data, err := conn.Recv(1024, 0)
			if len(data) == 0 || err != nil {
				return // at the end of the stream: no bytes, and a nil error
			}
			conn.Sendall(data, 0)
		}
	})

	// Without a view, a call blocks its goroutine.
	client, err := sock.CreateConnection("127.0.0.1", at.Port(), &sock.ConnectionConfig{Timeout: sock.Within(5 * time.Second)})
	if err != nil {
		log.Fatal(err)
	}
	client.Sendall([]byte("Hello, world"), 0)
	data, err := client.Recv(1024, 0)
	fmt.Printf("Received %q, %v\n", data, err)
	client.Close()

	fmt.Println("Server ended:", server.Wait(context.Background()))
	// Output:
	// Received "Hello, world", <nil>
	// Server ended: <nil>
}
