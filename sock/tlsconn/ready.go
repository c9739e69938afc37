package tlsconn

import (
	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/loop"
)

// WatchReady is Watch for packages that build on connections, as sock.Socket.WatchReady is for
// packages that build on sockets. The loop calls w.Ready once at the end of the handshake, and each
// time that Read or Write may succeed. w.Closed is the last call and comes once, as Handler.Closed.
// After sock.Socket.CallWatcher the argument of Ready may be 0. WatchReady makes a Conn a Stream of
// package protocol.
//
// Errors: those of Watch.
func (c *Conn) WatchReady(l *loop.Loop, w loop.Watcher) error {
	if w == nil {
		return c.Watch(l, nil)
	}
	return c.Watch(l, readyHandler{w})
}

// UnwatchReady ends WatchReady if the handshake is over. See Unwatch.
func (c *Conn) UnwatchReady() {
	if c.core == nil || !c.made.Load() {
		return
	}
	c.base.Unwatch()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.handler = nil
	c.watch.Store(0)
}

// Pending reports whether records of Write or CloseWrite are still unsent. The loop of a watched
// connection sends them.
func (c *Conn) Pending() bool { return c.core != nil && c.made.Load() && c.layer.pending() }

// A readyHandler makes the watcher of WatchReady a Handler.
type readyHandler struct{ w loop.Watcher }

func (h readyHandler) Handshaked(c *Conn)        { c.base.CallWatcher() }
func (h readyHandler) Readable(*Conn)            {}
func (h readyHandler) Writable(*Conn)            {}
func (h readyHandler) Closed(_ *Conn, err error) { h.w.Closed(err) }

// watchBase watches the socket, after the handshake.
func (w *watching) watchBase(l *loop.Loop) error {
	if _, ok := w.handler.(readyHandler); ok {
		return w.base.WatchReady(l, (*readyWatching)(w))
	}
	return w.base.Watch(l, w)
}

// readyWatching is the type of a Conn as the watcher of its socket, for WatchReady.
type readyWatching Conn

var _ loop.Watcher = (*readyWatching)(nil)

func (w *readyWatching) Ready(r pollux.Ready) {
	c := (*Conn)(w)
	if c.layer.pending() {
		c.flush()
	}
	pending := c.layer.pending()
	switch {
	case c.watch.Load()&closing == 0:
	case pending || c.watch.Load()&notified == 0: // close_notify comes first, and then Close goes on
		return
	default:
		c.base.Close()
		return
	}
	if pending {
		r &^= pollux.Writable
	}
	if h, ok := c.handler.(readyHandler); ok {
		h.w.Ready(r)
	}
}

func (w *readyWatching) Closed(err error) { (*watching)(w).Closed(w.base, err) }
