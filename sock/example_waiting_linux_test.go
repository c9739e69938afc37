package sock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// sender is a handler that answers each connection with a file.
type sender struct {
	file *os.File
	size int64
	over chan error
}

func (h *sender) Readable(c *sock.Socket) {
	if c.Blocking() {
		return // the answer is being sent
	}
	buf := c.Loop().Buffer()
	for {
		n, err := c.RecvInto(buf, 0)
		switch {
		case err == sock.ErrWouldBlock:
			return // more data will come, and the loop will call Readable again
		case err != nil, n == 0:
			c.Close()
			return
		}
		if buf[n-1] == '\n' {
			break
		}
	}
	// A future may wait while the loop continues. The timeout limits each wait for the peer.
	c.SetTimeout(10 * time.Second)
	c.Async().Sendfile(h.file, 0, h.size).Then(func(n int64, err error) {
		fmt.Println("sent", n, err)
		c.Close()
	})
}

func (h *sender) Writable(*sock.Socket) {}

func (h *sender) Closed(_ *sock.Socket, err error) { h.over <- err }

// The loop calls a handler when its socket may be ready. The handler reads until ErrWouldBlock. It
// starts a future for work that takes long.
func ExampleSocket_Watch() {
	reactor, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer reactor.Close()
	file, err := os.Open("testdata/names.csv")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()

	server, client, err := sock.Pair(sock.AF_UNIX, sock.SOCK_STREAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	h := &sender{file: file, size: 5, over: make(chan error, 1)}
	if err := server.Watch(reactor.Next(), h); err != nil {
		log.Fatal(err)
	}
	if _, err := client.Sendall([]byte("please\n"), 0); err != nil {
		log.Fatal(err)
	}
	data, err := client.Recv(100, sock.MSG_WAITALL)
	fmt.Println(len(data), err)
	fmt.Println("closed:", <-h.over)
	// Output:
	// sent 5 <nil>
	// 5 <nil>
	// closed: use of closed network connection
}

// A UDP query: each try has a timeout, and the context limits all tries together. A timeout ends
// the operation and not the socket.
func ExampleSocket_Async() {
	server, client, err := sock.Pair(sock.AF_UNIX, sock.SOCK_DGRAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := client.SetTimeout(50 * time.Millisecond); err != nil {
		log.Fatal(err)
	}
	for try := range 3 {
		if _, err := client.Async().Send([]byte("query"), 0).Wait(ctx); err != nil {
			log.Fatal(err)
		}
		answer := client.Async().Recv(1500, 0)
		if try == 1 { // the first query was lost
			server.Sendall([]byte("answer"), 0)
		}
		data, err := answer.Wait(ctx)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			fmt.Printf("%q %v\n", data, err)
			break
		}
		fmt.Println("try again:", err)
	}
	// Output:
	// try again: recv unixgram: i/o timeout
	// "answer" <nil>
}
