package sock

import (
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
)

// A loop calls the Handler of a socket when the socket may be ready. The methods run on the loop and
// must not wait; they may call everything else. One handler can serve any number of sockets.
type Handler interface {
	// Readable says that receiving or accepting is worth an attempt. Go on until ErrWouldBlock,
	// which mostly costs no system call, or stop early. After a call that has received something
	// and has not come to ErrWouldBlock, Readable is called again in the next turn, if there may be
	// more. Something is: bytes, a connection, any datagram, also an empty one, and an error that a
	// datagram socket had in its queue (ECONNREFUSED). It is not: the end or an error of a stream,
	// and an empty message of SOCK_SEQPACKET, which looks like the end.
	//
	// So on a stream one receive that has not filled its buffer is enough. A socket that has had
	// its share of a turn (32 operations or 256 KiB) gets ErrWouldBlock, and Readable is called
	// again.
	//
	// Readable is not called again for what a call has left alone, having received nothing. A
	// handler that holds a peer back until its answers are sent goes on later by a call of its own
	// Readable. A call that the loop has not made goes on until ErrWouldBlock.
	Readable(s *Socket)
	// Writable says that sending is worth an attempt, after one that came to ErrWouldBlock, or that
	// a connect which was in progress has come to its end: Connect says how. Before that end
	// neither Readable nor Writable is called.
	Writable(s *Socket)
	// Closed comes last and once. err is net.ErrClosed after Close or at the end of the loop, a
	// *loop.PanicError after a panic in a method of the handler.
	Closed(s *Socket, err error)
}

// Watch makes h the socket's handler, on l (nil: one of the default reactor's), and the socket
// non-blocking. If the socket is ready, h is called in the loop's next turn. Each socket can have a
// handler of its own, with what the program knows of it; or many share one.
//
// For a future that is to wait, as that of Async().Sendfile, give the socket a timeout again
// (SetTimeout) until it is settled. In Readable receive nothing meanwhile: a call that would have
// to wait there gets loop.ErrOnLoop.
//
// Errors: loop.ErrWatched if it has a handler, see Unwatch; loop.ErrOtherLoop if an operation waits
// for it on another loop; net.ErrClosed; an *ArgError for a nil handler.
func (s *Socket) Watch(l *loop.Loop, h Handler) error {
	if h == nil {
		return s.fail("watch", Addr{}, &ArgError{ArgMissing, "handler", h, "must not be nil"})
	}
	before := s.timeout.Swap(0)
	if err := s.fd.Watch(l, &watcher{h, s.base()}); err != nil {
		s.timeout.Store(before)
		return s.fail("watch", Addr{}, err)
	}
	s.setFinalizer()
	return nil
}

// finalizers is held while the finalizer of a socket comes and goes. A watched socket has none: its
// loop keeps it, and a finalizer costs memory.
var finalizers sync.Mutex

// setFinalizer sets the finalizer of a socket without a handler, and clears that of one with a
// handler. It follows each Watch and Unwatch, in any order: the last call sees the last state. A
// handler may take itself away before Watch returns.
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

// Unwatch takes the handler away and returns it, or nil if there was none. It gets no further call,
// Closed neither; a call that is under way on the loop goes on. The socket stays non-blocking until
// SetTimeout, and nothing that it has received is lost: it can be used in every other way, watched
// again, also on another loop, or detached.
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
	if w.socket.flags.Load()&(isFresh|connectCalls|connectUntold) != 0 {
		something, ended := w.socket.tellable()
		if !something {
			return
		}
		if ended {
			w.handler.Writable(w.socket) // first, since the error, if there is one, is the connect's
			if r &^= pollux.Writable; w.socket.Fileno() < 0 {
				return
			}
		}
	}
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

// Watched goes over the sockets that have a handler on l, in no order. They may be closed
// meanwhile; new ones may be left out. Loop only.
func Watched(l *loop.Loop) iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for w := range l.Watchers() {
			if w, ok := w.(*watcher); ok && !yield(w.socket) {
				return
			}
		}
	}
}

// Join puts the socket on l; if it is on another loop and nothing waits for it there, it moves. With
// a nil l it stays where it is, or goes to one of the default reactor's choice. Without Join it
// joins the loop of the task that first waits for it, or one of the default reactor's.
//
// Errors: loop.ErrOtherLoop if something waits for it, or watches it, on another loop;
// net.ErrClosed, also of a closed loop; EPERM for a descriptor that cannot be polled.
func (s *Socket) Join(l *loop.Loop) error { return s.fail("join", Addr{}, s.fd.Join(l)) }

// Loop is the loop it is on, or nil.
func (s *Socket) Loop() *loop.Loop { return s.fd.Loop() }
