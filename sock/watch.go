package sock

import (
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
)

// A Handler is told by its loop when a socket may be ready. Its methods run on the loop and must not wait; everything else they
// may call. One handler can serve any number of sockets.
type Handler interface {
	// Readable says that receiving or accepting is worth an attempt. Go on until ErrWouldBlock, which mostly costs no system call, or as
	// long as you like: after a call in which something was received (bytes or a connection; no error, end or empty datagram), and that
	// stopped before ErrWouldBlock, Readable comes again in the next turn if there may be more. So on a stream one receive that has not filled its
	// buffer is enough. A socket that has had its share of a turn (32 operations or 256 KiB) gets ErrWouldBlock too, and Readable comes
	// again.
	//
	// It does not come for what is there and what a call has left alone: who holds a peer back whose answers are not sent yet, and so
	// receives nothing, goes on later by a call of its own Readable; one that the loop has not called goes on until ErrWouldBlock.
	Readable(s *Socket)
	// Writable says that sending is worth an attempt, after one that came to ErrWouldBlock, or that a connect which was in
	// progress has come to its end.
	Writable(s *Socket)
	// Closed comes last and once. err is net.ErrClosed after Close or at the end of the loop, a *loop.PanicError after a
	// panic in a method of the handler.
	Closed(s *Socket, err error)
}

// Watch makes h the socket's handler, on l (nil: one of the default reactor's), and the socket non-blocking. If the socket is
// ready, h is called in the loop's next turn. Each socket can have a handler of its own, with what the program knows of it;
// or many share one.
//
// For a future that is to wait, as that of Async().Sendfile, give the socket a timeout again (SetTimeout) until it is settled. In
// Readable receive nothing meanwhile: a call that would have to wait there gets loop.ErrOnLoop.
//
// Errors: loop.ErrWatched if it has a handler, see Unwatch; loop.ErrOtherLoop if an operation waits for it on another loop; net.ErrClosed;
// an *ArgError for a nil handler.
func (s *Socket) Watch(l *loop.Loop, h Handler) error {
	if h == nil {
		return s.fail("watch", Addr{}, &ArgError{"handler", h, "must not be nil"})
	}
	before := s.timeout.Swap(0)
	if err := s.fd.Watch(l, &watcher{h, s.base()}); err != nil {
		s.timeout.Store(before)
		return s.fail("watch", Addr{}, err)
	}
	s.setFinalizer()
	return nil
}

// finalizers is held while the finalizer of a socket comes and goes: a watched one has none, since that would cost it memory that it
// does not need, its loop keeps it.
var finalizers sync.Mutex

// setFinalizer gives the socket its finalizer, or takes it away, as it has a handler at this moment. After each change of that it is
// called, and so the last call has the last say; the handler may be gone again before Watch returns.
func (s *Socket) setFinalizer() {
	base := s.base()
	finalizers.Lock()
	defer finalizers.Unlock()
	runtime.SetFinalizer(base, nil) // the runtime throws if there is another
	if s.fd.Watcher() == nil {
		runtime.SetFinalizer(base, (*Socket).abandon)
	}
}

// abandon is the finalizer. A socket that was closed meanwhile is left alone.
func (s *Socket) abandon() { s.fd.Abandon() }

// Unwatch takes the handler away and returns it, or nil if there was none. It gets no further call, Closed neither; a call that is under
// way on the loop goes on. The socket stays non-blocking until SetTimeout, and nothing that it has received is lost: it can be used in
// every other way, watched again, also on another loop, or detached.
func (s *Socket) Unwatch() Handler {
	w, ok := s.fd.Unwatch().(*watcher)
	if !ok {
		return nil
	}
	s.setFinalizer()
	return w.handler
}

// A watcher is a handler and its socket, as a loop sees them. It is immutable.
type watcher struct {
	handler Handler
	socket  *Socket
}

var _ loop.Watcher = (*watcher)(nil)

func (w *watcher) Ready(r pollux.Ready) {
	if r&(pollux.Readable|pollux.Hangup|pollux.Urgent) != 0 {
		w.handler.Readable(w.socket)
	}
	if r&pollux.Writable != 0 {
		w.handler.Writable(w.socket)
	}
}

func (w *watcher) Closed(err error) { w.handler.Closed(w.socket, err) }

// String is for logs and leak reports.
func (w *watcher) String() string { return fmt.Sprintf("%T: %v", w.handler, w.socket) }

// Handler returns what Watch has set, or nil.
func (s *Socket) Handler() Handler {
	if w, ok := s.fd.Watcher().(*watcher); ok {
		return w.handler
	}
	return nil
}

// Watched goes over the sockets that have a handler on l, in no order. They may be closed meanwhile; new ones may be left out. Loop
// only.
func Watched(l *loop.Loop) iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for w := range l.Watchers() {
			if w, ok := w.(*watcher); ok && !yield(w.socket) {
				return
			}
		}
	}
}

// Join puts the socket on l; if it is on another loop and nobody waits for it there, it moves. With a nil l it stays where it is, or goes
// to one of the default reactor's choice. Without Join it joins the loop of the task that first waits for it, or one of the
// default reactor's.
//
// Errors: loop.ErrOtherLoop if somebody waits for it, or watches it, on another loop; net.ErrClosed, also of a closed loop; EPERM for
// a descriptor that cannot be polled.
func (s *Socket) Join(l *loop.Loop) error { return s.fail("join", Addr{}, s.fd.Join(l)) }

// Loop is the loop it is on, or nil.
func (s *Socket) Loop() *loop.Loop { return s.fd.Loop() }
