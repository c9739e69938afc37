package sock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// unconnected returns a TCP socket that is not connected.
func unconnected() *sock.Socket {
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	return s
}

// A connecting handler waits for the end of a connect.
type connecting struct {
	to     sock.Addr
	result chan error
}

func (connecting) Readable(*sock.Socket) {}

// Writable runs when the connect has ended. A second Connect returns its result.
func (c connecting) Writable(s *sock.Socket) {
	c.result <- s.Connect(c.to)
	s.Unwatch()
}

func (connecting) Closed(*sock.Socket, error) {}

// Connect waits as the view of the socket says: a goroutine, a goroutine until a context ends, a
// task, a future, or a callback.
func ExampleSocket_Connect() {
	ln, at := listening()
	defer ln.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	reactor, err := loop.Default()
	if err != nil {
		log.Fatal(err)
	}

	s := unconnected()
	fmt.Println("goroutine:", s.Connect(at))
	s.Close()

	s = unconnected()
	fmt.Println("until a context ends:", s.With(ctx).Connect(at))
	s.Close()

	s = unconnected()
	task := reactor.Next().Go(func(t *loop.Task) { fmt.Println("task:", s.In(t).Connect(at)) })
	if err := task.Wait(ctx); err != nil {
		log.Fatal(err)
	}
	s.Close()

	s = unconnected()
	_, err = s.Async().Connect(at).Wait(ctx)
	fmt.Println("future:", err)
	s.Close()

	s = unconnected()
	h := connecting{to: at, result: make(chan error, 1)}
	if err := s.Watch(reactor.Next(), h); err != nil {
		log.Fatal(err)
	}
	err = s.Connect(at) // a watched socket is non-blocking
	fmt.Println("callback:", errors.Is(err, syscall.EINPROGRESS), "then", <-h.result)
	s.Close()
	// Output:
	// goroutine: <nil>
	// until a context ends: <nil>
	// task: <nil>
	// future: <nil>
	// callback: true then <nil>
}
