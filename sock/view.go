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
	return &Socket{s.core, s.who.With(ctx), s} // short enough to be inlined, so that the view is on the caller's stack
}

// In returns a view of the socket whose operations suspend the task, not the goroutine. Only that
// task may use the view. With a nil task the view suspends the calling goroutine: a goroutine that
// serves a socket accepted in a task calls s.In(nil). Sockets that Accept and Dup of a view make
// are in the same view.
func (s *Socket) In(t *loop.Task) *Socket { return &Socket{s.core, s.who.In(t), s} }

// Waiter returns what waits in this view: the calling goroutine or a task, with the view's context
// if it has one.
func (s *Socket) Waiter() loop.Waiter { return s.who }

// Base returns the socket that s is a view of, or s itself. Its operations suspend the calling
// goroutine.
func (s *Socket) Base() *Socket { return s.base() }

// A View makes sockets that are already in the view of a task, of a context, or of both, as
// Socket.In and Socket.With return them. Making a socket may have to wait, for a host's name or a
// connection; it waits in the same way. The zero View makes sockets as the functions of the package
// do.
//
//	conn, err := sock.In(task).CreateConnection("localhost", 8080, nil)
type View struct{ who loop.Waiter }

// In returns the View of a task. Only that task may use it.
func In(t *loop.Task) View { return View{}.In(t) }

// With returns the View of a context.
func With(ctx context.Context) View { return View{}.With(ctx) }

// In returns the View of the task, with v's context.
func (v View) In(t *loop.Task) View { return View{v.who.In(t)} }

// With returns the View of the context, with v's task. The context replaces an earlier one.
func (v View) With(ctx context.Context) View { return View{v.who.With(ctx)} }

// of returns s in the view. s itself is not a view: s keeps the finalizer, and the view keeps s.
func (v View) of(s *Socket) *Socket {
	if v.who == (loop.Waiter{}) {
		return s
	}
	return &Socket{s.core, v.who, s}
}

// New is the function New in this view.
func (v View) New(family Family, typ Type, proto Protocol) (*Socket, error) {
	s, err := New(family, typ, proto)
	if err != nil {
		return nil, err
	}
	return v.of(s), nil
}

// Pair is the function Pair in this view.
func (v View) Pair(family Family, typ Type, proto Protocol) (*Socket, *Socket, error) {
	a, b, err := v.pair(family, typ, proto)
	if err != nil {
		return nil, nil, err
	}
	return v.of(a), v.of(b), nil
}

// CreateServer is the function CreateServer in this view.
func (v View) CreateServer(a Addr, cfg *ServerConfig) (*Socket, error) {
	return v.createServer(Family(a.Family()), a, cfg)
}

// context returns the context of the view s.
func (s *Socket) context() context.Context {
	if ctx := s.who.Context(); ctx != nil {
		return ctx
	}
	return context.Background()
}
