package sock

import (
	"context"
	"net"
	"runtime/debug"

	"github.com/polluxio/pollux/internal/names"
	"github.com/polluxio/pollux/loop"
)

// A Resolver finds the addresses of hosts and the names of addresses. It asks Go's resolver, which
// reads the hosts file, nsswitch.conf and resolv.conf with its search domains, and caches nothing.
// The zero Resolver is ready for use by any number of goroutines. It must not be copied.
//
// A look-up runs on a goroutine of the resolver, never on a loop; at most Limit of them run at
// once. It blocks its caller. In a callback or a task it fails with loop.ErrOnLoop: call Lookup
// there.
type Resolver struct {
	// Net answers the questions; nil is net.DefaultResolver. Its Dial selects the server to ask.
	Net *net.Resolver

	// Limit is the greatest number of look-ups at once; others wait their turn. 0 is 64. It must
	// not change after the first look-up.
	Limit int

	slots names.Slots
}

// DefaultResolver is the Resolver of this package's functions, and of sockets that get the name of
// a host. To replace it, set it before anything uses it.
var DefaultResolver = new(Resolver)

// names returns the resolver of package names that does the work of r.
func (r *Resolver) names() names.Resolver {
	return names.Resolver{Net: r.Net, Limit: r.Limit, Slots: &r.slots}
}

// Lookup runs find on a new goroutine and returns its result as a future of l (nil: a loop of the
// default reactor). A task or a callback uses it to call a blocking function of this package:
//
//	infos, err := sock.Lookup(task.Loop(), func(ctx context.Context) ([]sock.AddrInfo, error) {
//		return sock.Getaddrinfo(ctx, "localhost", "http", nil)
//	}).Await(task)
//
// ctx ends when the future is canceled. A panic in find becomes a *loop.PanicError.
func Lookup[T any](l *loop.Loop, find func(ctx context.Context) (T, error)) loop.Future[T] {
	return lookup(context.Background(), l, find)
}

func lookup[T any](parent context.Context, l *loop.Loop, find func(context.Context) (T, error)) loop.Future[T] {
	if l == nil {
		r, err := loop.Default()
		if err != nil {
			return loop.Settled(*new(T), err)
		}
		l = r.Next()
	}
	ctx, cancel := context.WithCancel(parent)
	p := loop.NewPromise[T](l)
	p.Future().Then(func(T, error) { cancel() })
	go func() {
		defer cancel()
		returned := false
		defer func() {
			if !returned { // a panic; or runtime.Goexit, which has no value
				p.Reject(&loop.PanicError{Value: recover(), Stack: debug.Stack()})
			}
		}()
		v, err := find(ctx)
		returned = true
		if err != nil {
			p.Reject(err)
		} else {
			p.Resolve(v)
		}
	}()
	return p.Future()
}

// resolveIn suspends the task until find has returned. Whatever ends the task's wait ends find too.
func resolveIn[T any](t *loop.Task, ctx context.Context, find func(context.Context) (T, error)) (T, error) {
	f := lookup(ctx, t.Loop(), find)
	defer f.Cancel()
	return f.Await(t)
}
