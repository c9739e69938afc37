package sock_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/bare"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// needsNames skips the test of a maker that looks up the name localhost, on a machine that does not
// know it.
func needsNames(t *testing.T, maker string) {
	t.Helper()
	if strings.HasPrefix(maker, "CreateConnection") {
		bare.Localhost(t)
	}
}

// makers make a socket in the view v. Each closes its other sockets at the end of the test.
var makers = []struct {
	name string
	make func(t *testing.T, v sock.View, in func(*sock.Socket) *sock.Socket) (*sock.Socket, error)
}{
	{"Accept", func(t *testing.T, _ sock.View, in func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		ln, addr := socktest.TCP.Listener(t)
		c := socktest.TCP.New(t)
		c.SetTimeout(0)
		c.Connect(addr)
		s, _, err := in(ln).Accept()
		return s, err
	}},
	{"Dup", func(t *testing.T, _ sock.View, in func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		return in(socktest.UDP.New(t)).Dup()
	}},
	{"New", func(_ *testing.T, v sock.View, _ func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		return v.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	}},
	{"Pair", func(t *testing.T, v sock.View, _ func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		a, b, err := v.Pair(-1, -1, -1)
		return twoAs(t, a, b, err)
	}},
	{"Pair over the loopback interface", func(t *testing.T, v sock.View, _ func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		a, b, err := sock.ViewsPair(v, sock.AF_INET, sock.SOCK_STREAM, 0, nothing)
		if err != nil {
			return nil, err
		}
		return twoAs(t, v.Of(a), v.Of(b), nil)
	}},
	{"CreateConnection", func(t *testing.T, v sock.View, _ func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		_, addr := socktest.TCP.Listener(t)
		return v.CreateConnection("localhost", addr.Port(), nil)
	}},
	{"CreateConnection, happy eyeballs", func(t *testing.T, v sock.View, _ func(*sock.Socket) *sock.Socket) (*sock.Socket, error) {
		_, addr := socktest.TCP.Listener(t)
		return v.CreateConnection("localhost", addr.Port(), &sock.ConnectionConfig{HappyEyeballs: true})
	}},
}

// twoAs returns one end of a pair. Both ends are in the same view; this function tries b.
func twoAs(t *testing.T, a, b *sock.Socket, err error) (*sock.Socket, error) {
	if err != nil {
		return nil, err
	}
	socktest.Closing(t, b)
	if _, err = a.Send(hello, 0); err == nil {
		err = wantBytes("hello")(b.Recv(10, 0))
	}
	return a, err
}

// A task can wait at once for a socket that its view has made. A call in the goroutine's view would
// get ErrOnLoop there.
func TestMadeInATasksView(t *testing.T) {
	for _, maker := range makers {
		for name, ctx := range map[string]context.Context{"task": nil, "task and context": t.Context()} {
			t.Run(maker.name+", "+name, func(t *testing.T) {
				needsNames(t, maker.name)
				socktest.Check(t)
				inTask(t, func(task *loop.Task) error {
					s, err := maker.make(t, sock.In(task).With(ctx), func(s *sock.Socket) *sock.Socket { return s.In(task).With(ctx) })
					if err != nil {
						return err
					}
					defer s.Close()
					if s.Type() == sock.SOCK_DGRAM {
						if err := s.Bind(sock.Inet("127.0.0.1", 0)); err != nil {
							return err
						}
					}
					task.Loop().Post(task.Cancel)
					if _, err := s.Recv(1, 0); !errors.Is(err, context.Canceled) {
						return fmt.Errorf("%w, want that the task waits, and its cancel", err)
					}
					return nil
				})
			})
		}
	}
}

// A wait for a socket that a context's view has made ends when the context ends.
func TestMadeInAContextsView(t *testing.T) {
	for _, maker := range makers {
		t.Run(maker.name, func(t *testing.T) {
			needsNames(t, maker.name)
			socktest.Check(t)
			cause := errors.New("had enough")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			s, err := maker.make(t, sock.With(ctx), func(s *sock.Socket) *sock.Socket { return s.With(ctx) })
			socktest.Must(t, err)
			defer s.Close()
			call := socktest.Start(func() error { _, err := s.Recv(1, 0); return err })
			socktest.AwaitWaiting(t, s)
			cancel(cause)
			if err := call.Wait(t); !errors.Is(err, cause) {
				t.Errorf("%v, want the context's cause", err)
			}
		})
	}
}

// A task can pass a socket that it has accepted to a goroutine or to another task.
func TestMadeInAViewForAnother(t *testing.T) {
	socktest.Check(t)
	ln, addr := socktest.TCP.Listener(t)
	peer := socktest.TCP.New(t)
	socktest.Must(t, peer.Connect(addr))
	var c *sock.Socket
	inTask(t, func(task *loop.Task) (err error) {
		c, _, err = ln.In(task).Accept()
		return err
	})
	defer c.Close()
	if _, err := c.Send(hello, 0); err == nil {
		t.Error("a goroutine may use the view of a task that has ended")
	}
	for name, use := range map[string]func(func(*sock.Socket)){
		"a goroutine": func(fn func(*sock.Socket)) { fn(c.In(nil)) },
		"another task": func(fn func(*sock.Socket)) {
			inTask(t, func(task *loop.Task) error { fn(c.In(task)); return nil })
		},
	} {
		use(func(s *sock.Socket) {
			if _, err := s.Sendall(hello, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
		socktest.Must(t, wantBytes("hello")(peer.Recv(10, 0)))
	}
}

// The context of a ConnectionConfig is for the connect only, as in net.Dialer.DialContext.
func TestCreateConnectionOutlivesItsContext(t *testing.T) {
	socktest.Check(t)
	ln, addr := socktest.TCP.Listener(t)
	ctx, cancel := context.WithCancel(t.Context())
	s, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Context: ctx})
	socktest.Must(t, err)
	defer s.Close()
	cancel()
	peer, _, err := ln.Accept()
	socktest.Must(t, err)
	defer peer.Close()
	echo(t, s, peer)
}

// A task can make a server at a host's name, where a goroutine could not wait for the look-up.
func TestCreateServerInATask(t *testing.T) {
	bare.Localhost(t)
	socktest.Check(t)
	inTask(t, func(task *loop.Task) error {
		if _, err := sock.CreateServer(sock.Inet("localhost", 0), nil); !errors.Is(err, loop.ErrOnLoop) {
			t.Errorf("not in its view: %v, want ErrOnLoop", err)
		}
		ln, err := sock.In(task).CreateServer(sock.Inet("localhost", 0), nil)
		if err != nil {
			return err
		}
		defer ln.Close()
		task.Loop().Post(task.Cancel)
		if _, _, err := ln.Accept(); !errors.Is(err, context.Canceled) {
			return fmt.Errorf("%w, want that the task waits, and its cancel", err)
		}
		return nil
	})
}

// Futures, handlers and the sockets that they accept are in no view: they keep nothing of a task.
func TestMadeByAFuture(t *testing.T) {
	bare.Localhost(t)
	socktest.Check(t)
	ln, addr := socktest.TCP.Listener(t)
	peer := socktest.TCP.New(t)
	socktest.Must(t, peer.Connect(addr))
	var c *sock.Socket
	inTask(t, func(task *loop.Task) error {
		made, err := ln.In(task).Async().Accept().Await(task)
		c = made.Socket
		return err
	})
	defer c.Close()
	echo(t, c, peer)
}
