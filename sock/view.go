package sock

import (
	"context"

	"github.com/polluxio/pollux/loop"
)

// With returns a view of the socket whose operations end with the cause of ctx when ctx ends first.
// It replaces an earlier context; a nil ctx is none. Sockets that Accept and Dup of a view make are
// in the same view.
//
// It allocates nothing and starts no goroutine. In a task, each wait with a context allocates.
func (s *Socket) With(ctx context.Context) *Socket {
	return &Socket{s.core, s.who.With(ctx), s} // short enough to be inlined, so that the view is on its user's stack
}

// In returns a view of the socket whose operations suspend the task, and not the goroutine. Only
// the task itself may use it. A nil task is none: a socket that one task accepts and another
// goroutine serves is s.In(nil) there. Sockets that Accept and Dup of a view make are in the same
// view.
func (s *Socket) In(t *loop.Task) *Socket { return &Socket{s.core, s.who.In(t), s} }

// Waiter returns what waits in this view: the calling goroutine, a task, and until a context ends
// if the view has one.
func (s *Socket) Waiter() loop.Waiter { return s.who }

// Base returns the socket that s is a view of, in which the calling goroutine waits, or s itself.
func (s *Socket) Base() *Socket { return s.base() }

// A View makes sockets that come back in the view of a task, of a context, or of both, as if each
// had been given to Socket.In and Socket.With. What has to wait meanwhile, for a host's name or a
// connection, waits so too. The zero View makes sockets as the functions of the package do.
//
//	conn, err := sock.In(task).CreateConnection("localhost", 8080, nil)
type View struct{ who loop.Waiter }

// In returns the View of a task. Only the task itself may use it.
func In(t *loop.Task) View { return View{}.In(t) }

// With returns the View of a context.
func With(ctx context.Context) View { return View{}.With(ctx) }

// In returns the View of the task and of v's context.
func (v View) In(t *loop.Task) View { return View{v.who.In(t)} }

// With returns the View of v's task and of the context, which replaces an earlier one.
func (v View) With(ctx context.Context) View { return View{v.who.With(ctx)} }

// of returns s in the view. s is not a view itself: it keeps the finalizer, and the view keeps s.
func (v View) of(s *Socket) *Socket {
	if v.who == (loop.Waiter{}) {
		return s
	}
	return &Socket{s.core, v.who, s}
}

// New is the function New.
func (v View) New(family Family, typ Type, proto Protocol) (*Socket, error) {
	s, err := New(family, typ, proto)
	if err != nil {
		return nil, err
	}
	return v.of(s), nil
}

// Pair is the function Pair.
func (v View) Pair(family Family, typ Type, proto Protocol) (*Socket, *Socket, error) {
	a, b, err := v.pair(family, typ, proto)
	if err != nil {
		return nil, nil, err
	}
	return v.of(a), v.of(b), nil
}

// CreateServer is the function CreateServer.
func (v View) CreateServer(a Addr, cfg *ServerConfig) (*Socket, error) { return v.createServer(a, cfg) }

// context is the one that s is a view with.
func (s *Socket) context() context.Context {
	if ctx := s.who.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
