package sock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// The examples of Accept, In, Async and Handler are the same echo in the four ways to wait.

// listening returns a TCP listener on a free port, and its address.
func listening() (*sock.Socket, sock.Addr) {
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		log.Fatal(err)
	}
	at, err := ln.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	return ln, at
}

// client connects, sends a greeting and prints the echo.
func client(to sock.Addr) {
	c, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if err := c.SetTimeout(10 * time.Second); err != nil {
		log.Fatal(err)
	}
	if err := c.Connect(to); err != nil {
		log.Fatal(err)
	}
	if _, err := c.Send([]byte("hello"), 0); err != nil {
		log.Fatal(err)
	}
	echo, err := c.Recv(100, 0)
	fmt.Printf("%q %v\n", echo, err)
}

// In a goroutine, each call blocks.
func ExampleSocket_Accept() {
	ln, at := listening()
	defer ln.Close()
	go func() {
		s, _, err := ln.Accept()
		if err != nil {
			return
		}
		defer s.Close()
		data, err := s.Recv(100, 0)
		if err == nil {
			s.Sendall(data, 0)
		}
	}()
	client(at)
	// Output: "hello" <nil>
}

// A context ends the calls of a view early. The socket and its data stay as they are.
func ExampleSocket_With() {
	a, b, err := sock.Pair(-1, -1, -1)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err = a.With(ctx).Recv(100, 0)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	b.Send([]byte("late"), 0)
	data, err := a.Recv(100, 0)
	fmt.Printf("%q %v\n", data, err)
	// Output:
	// true
	// "late" <nil>
}

// In a task, the same calls suspend the task, and its loop runs others. Accept returns a socket in
// the view of the task too.
func ExampleSocket_In() {
	ln, at := listening()
	defer ln.Close()
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	r.Next().Go(func(t *loop.Task) {
		s, _, err := ln.In(t).Accept()
		if err != nil {
			return
		}
		defer s.Close()
		data, err := s.Recv(100, 0)
		if err == nil {
			s.Sendall(data, 0)
		}
	})
	client(at)
	// Output: "hello" <nil>
}

// A future is the result of a call that does not wait. Then runs a function on the loop.
func ExampleAsync() {
	ln, at := listening()
	defer ln.Close()
	ln.Async().Accept().Then(func(c sock.Accepted, err error) {
		if err != nil {
			return
		}
		s := c.Socket
		s.Async().Recv(100, 0).Then(func(data []byte, err error) {
			if err != nil {
				s.Close()
				return
			}
			s.Async().Sendall(data, 0).Then(func(int, error) { s.Close() })
		})
	})
	client(at)
	// Output: "hello" <nil>
}

// echoes is the handler of a listener and of its connections. The loop calls it when a socket may
// be ready.
type echoes struct{ listener *sock.Socket }

func (h *echoes) Readable(s *sock.Socket) {
	if s.Fileno() == h.listener.Fileno() {
		c, _, err := s.Accept()
		if err == nil {
			c.Watch(s.Loop(), h)
		}
		return
	}
	data, err := s.Recv(100, 0)
	switch {
	case err == sock.ErrWouldBlock:
	case err != nil, len(data) == 0:
		s.Close()
	default:
		s.Send(data, 0) // a real server keeps what did not fit, until Writable
	}
}

func (h *echoes) Writable(*sock.Socket) {}

func (h *echoes) Closed(*sock.Socket, error) {}

// With a handler, no call waits. The loop needs no goroutine and no buffer for an idle connection.
func ExampleHandler() {
	ln, at := listening()
	defer ln.Close()
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close() // it also ends the watch of all sockets
	if err := ln.Watch(r.Next(), &echoes{ln}); err != nil {
		log.Fatal(err)
	}
	client(at)
	// Output: "hello" <nil>
}

// CreateServer makes a socket, binds it and listens. Here it is a datagram socket, which needs no
// Accept.
func ExampleCreateServer() {
	server, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), &sock.ServerConfig{Type: sock.SOCK_DGRAM})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	at, err := server.Getsockname()
	if err != nil {
		log.Fatal(err)
	}
	c, err := sock.DialAddr(at, &sock.ConnectionConfig{Type: sock.SOCK_DGRAM})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Send([]byte("ping"), 0); err != nil {
		log.Fatal(err)
	}
	data, from, err := server.Recvfrom(100, 0)
	if err != nil {
		log.Fatal(err)
	}
	server.Sendto([]byte("pong"), 0, from)
	answer, err := c.Recv(100, 0)
	fmt.Printf("%q %q %v\n", data, answer, err)
	// Output: "ping" "pong" <nil>
}

// Within gives a configuration a timeout, since 0 and Forever are timeouts too, and the zero
// Timeout is the default.
func ExampleWithin() {
	ln, at := listening()
	defer ln.Close()
	for _, timeout := range []sock.Timeout{{}, sock.Within(5 * time.Second), sock.Within(sock.Forever)} {
		s, err := sock.DialAddr(at, &sock.ConnectionConfig{Timeout: timeout})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(s.Timeout() == sock.Forever, s.Blocking())
		s.Close()
	}
	// Output:
	// true true
	// false true
	// true true
}
