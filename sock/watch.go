package sock

import (
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
)

// A loop calls the Handler of a socket when the socket may be ready. The methods run on the loop
// and must not wait; other calls are allowed. One handler can serve any number of sockets.
type Handler interface {
	// Readable is called when a receive or an accept may succeed. Receive until ErrWouldBlock (the
	// last call mostly needs no system call), or stop early. If a receive got something without
	// reaching ErrWouldBlock and more may be waiting, Readable is called again in the next turn.
	//
	// "Something" is: bytes, a connection, any datagram (also an empty one), and an error from a
	// datagram socket's queue (ECONNREFUSED). It is not: the end or an error of a stream, or an
	// empty SOCK_SEQPACKET message, which looks like the end. So on a stream one receive that has
	// not filled its buffer is enough.
	//
	// A socket that has used its share of a turn (32 operations or 256 KiB) gets ErrWouldBlock, and
	// Readable is called again.
	//
	// After a call that received nothing, Readable is not called again for data that the call left
	// alone. A handler that stops reading until its answers are sent must later call its own
	// Readable. Such a call, which the loop has not made, must receive until ErrWouldBlock.
	Readable(s *Socket)
	// Writable is called when a send may succeed after one that returned ErrWouldBlock. It is also
	// called when a pending connect has ended: call Connect for the result. Before that end neither
	// Readable nor Writable is called.
	Writable(s *Socket)
	// Closed is the last call and comes once. err is net.ErrClosed after Close or at the end of the
	// loop, or a *loop.PanicError after a panic in a method of the handler.
	Closed(s *Socket, err error)
}

// Watch makes h the socket's handler, on l (nil: a loop of the default reactor), and makes the
// socket non-blocking. If the socket is ready, the loop calls h in its next turn. Each socket can
// have its own handler with the program's data about it, or many sockets can share one.
//
// A future such as that of Async().Sendfile needs a socket that can wait: set a timeout with
// SetTimeout until the future is settled. Receive nothing in Readable during that time: a call that
// would have to wait there gets loop.ErrOnLoop.
//
// Errors: loop.ErrWatched if the socket has a handler, see Unwatch; loop.ErrOtherLoop if an
// operation waits for the socket on another loop; net.ErrClosed; an *ArgError for a nil handler.
func (s *Socket) Watch(l *loop.Loop, h Handler) error {
	if h == nil {
		return s.fail("watch", Addr{}, &ArgError{ArgMissing, "handler", h, "must not be nil"})
	}
	return s.WatchReady(l, &watcher{h, s.base()})
}

// WatchReady is Watch for a package that stands on sockets: the loop calls w directly, without a
// Handler. That saves 24 bytes a socket. w gets what the poller reported, and must follow the rules
// of [loop.Watcher].
//
// Errors: those of Watch.
func (s *Socket) WatchReady(l *loop.Loop, w loop.Watcher) error {
	if w == nil {
		return s.fail("watch", Addr{}, &ArgError{ArgMissing, "watcher", w, "must not be nil"})
	}
	// The watcher must not wait. The timeout changes only if there is a watcher: another call on
	// the socket, which may wait, must not see the change of a Watch that fails.
	if err := s.fd.WatchAfter(l, w, func() { s.timeout.Store(0) }); err != nil {
		return s.fail("watch", Addr{}, err)
	}
	s.setFinalizer()
	return nil
}

// CallWatcher makes the loop call the socket's watcher in its next turn, ready or not. A Handler
// gets Readable or Writable only if that direction is not known to be blocked; so a handler that
// stopped early goes on. Any goroutine may call it.
func (s *Socket) CallWatcher() { s.fd.CallWatcher() }

// WantWritable makes the loop call the watcher when the socket becomes writable the next time, as
// after a send that was refused. Before WatchReady it makes the first call of the watcher of a
// socket that is writable now, and that call says whether the socket is readable too. CallWatcher
// cannot know that.
func (s *Socket) WantWritable() { s.fd.Hold(loop.Write) }

// finalizers is held while a socket's finalizer is set or cleared. A watched socket has none: its
// loop keeps it, and a finalizer costs memory.
var finalizers sync.Mutex

// setFinalizer sets the finalizer of a socket without a handler, and clears that of a socket with
// one. It follows each Watch and Unwatch, in any order: the last call sees the last state. A
// handler may call Unwatch before Watch returns.
func (s *Socket) setFinalizer() {
	base := s.base()
	finalizers.Lock()
	defer finalizers.Unlock()
	runtime.SetFinalizer(base, nil) // the runtime throws if a finalizer is already set
	if s.fd.Watcher() == nil {
		runtime.SetFinalizer(base, (*Socket).abandon)
	}
}

// abandon is the finalizer. It does nothing for a socket that is already closed.
func (s *Socket) abandon() { s.fd.Abandon() }

// Unwatch removes the socket's handler and returns it; it returns nil if the socket has none or
// WatchReady has set one. The handler gets no further call, not even Closed; a call that is running
// on the loop goes on. The socket stays non-blocking until SetTimeout, and keeps everything that it
// has received. It can be used in every other way, watched again, also on another loop, or
// detached.
func (s *Socket) Unwatch() Handler {
	w := s.fd.Unwatch()
	if w == nil {
		return nil
	}
	s.setFinalizer()
	if w, ok := w.(*watcher); ok {
		return w.handler
	}
	return nil
}

// A watcher is a handler and its socket, as the loop sees them. It is immutable.
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
			w.handler.Writable(w.socket) // first, because a pending error is that of the connect
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

// String returns a text for logs and leak reports.
func (w *watcher) String() string { return fmt.Sprintf("%T: %v", w.handler, w.socket) }

// hasHandler reports whether Watch, and not WatchReady, has set the watcher.
func (s *core) hasHandler() bool {
	_, ok := s.fd.Watcher().(*watcher)
	return ok
}

// Handler returns the handler that Watch has set, or nil.
func (s *Socket) Handler() Handler {
	if w, ok := s.fd.Watcher().(*watcher); ok {
		return w.handler
	}
	return nil
}

// Watched iterates over the sockets with a handler on l, in no order. Sockets may be closed during
// the iteration, and it may miss new ones. Loop only.
func Watched(l *loop.Loop) iter.Seq[*Socket] {
	return func(yield func(*Socket) bool) {
		for w := range l.Watchers() {
			if w, ok := w.(*watcher); ok && !yield(w.socket) {
				return
			}
		}
	}
}

// Join puts the socket on l. If it is on another loop and no operation waits there, it moves. With
// a nil l it stays where it is, or joins a loop of the default reactor. Without Join, the socket
// joins the loop of the first task that waits for it, or a loop of the default reactor. A call that
// waits makes an attempt when it may succeed: if the socket moves during it, the call waits on the
// new loop afterwards.
//
// Errors: loop.ErrOtherLoop if an operation waits for the socket, or a handler watches it, on
// another loop; net.ErrClosed, also for a closed loop; EPERM for a descriptor that cannot be
// polled.
func (s *Socket) Join(l *loop.Loop) error { return s.fail("join", Addr{}, s.fd.Join(l)) }

// Loop returns the loop that the socket is on, or nil.
func (s *Socket) Loop() *loop.Loop { return s.fd.Loop() }
