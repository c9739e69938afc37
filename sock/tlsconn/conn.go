package tlsconn

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A Conn is a TLS connection. Any number of goroutines may call its methods at the same time: reads
// are served in order, and so are writes. Server and Client make a Conn. The methods of the zero
// Conn return EINVAL.
//
// A Conn waits as the view of the socket from which it was made; In and With return other views.
// The timeout and the deadlines of the socket apply to it.
type Conn struct {
	*core
	s *sock.Socket // the view
}

// core is the part that all views of a connection share. It must stay small: see TestIdleMemory.
type core struct {
	base    *sock.Socket  // immutable, as the next two
	cfg     *Config       //
	client  bool          //
	made    atomic.Bool   // the handshake succeeded: layer is set
	watch   atomic.Uint32 // state bits, see Watch
	writing atomic.Int32  // calls of Write that are running
	layer   layer         // set once, before made
	failed  error         // read lane; the end of reading: io.EOF, or an error
	handler Handler       // set before watched

	mu      sync.Mutex
	shaking *handshake // mu; nil before the handshake, and after it has succeeded
	ending  *ending    // mu; nil in most cases
}

// An ending has what the end of a watched connection needs.
type ending struct {
	reason error       // the argument of Closed, if it is not net.ErrClosed
	timer  *loop.Timer // of a Close that is running
}

// end returns the ending. mu is held.
func (c *core) end() *ending {
	if c.ending == nil {
		c.ending = new(ending)
	}
	return c.ending
}

// A layer is the record layer of a connection. read, write and close run within an attempt on a
// lane of the socket, read on the read lane, the others on the write lane, and never wait.
type layer interface {
	// read puts plaintext into p, which is not empty: at least one byte, if err is nil. With
	// another error than loop.ErrAgain there may be some, too, and read is not called again.
	//
	// Errors: loop.ErrAgain; io.EOF after close_notify; io.ErrUnexpectedEOF.
	read(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error)
	// write takes a part of p, sends it, and returns its length. It returns loop.ErrAgain if a part
	// of p, or of the bytes that it took, is still unsent: the next write continues.
	write(s *sock.Socket, sysfd int, p []byte) (n int, out loop.Outcome, err error)
	// close ends the direction with close_notify. Errors: those of write.
	close(s *sock.Socket, sysfd int) (out loop.Outcome, err error)
	// pending reports whether bytes that were taken are still unsent.
	pending() bool
	state() tls.ConnectionState
}

// Server makes the server's side of a TLS connection over s, a connected stream socket. It makes no
// system call on the socket. The Conn owns the socket from then on, and nothing else may use it.
//
// Errors: a *sock.ArgError for a missing socket or Config, or a socket of another type.
func Server(s *sock.Socket, cfg *Config) (*Conn, error) { return newConn(s, cfg, false) }

// Client makes the client's side of a TLS connection over s. See Server.
func Client(s *sock.Socket, cfg *Config) (*Conn, error) { return newConn(s, cfg, true) }

func newConn(s *sock.Socket, cfg *Config, client bool) (*Conn, error) {
	if s == nil {
		return nil, &net.OpError{Op: "tls", Err: &sock.ArgError{Kind: sock.ArgMissing, Arg: "socket", Value: s, Rule: "must not be nil"}}
	}
	s = s.OrClosed() // the zero Socket
	var err error
	switch {
	case cfg == nil:
		err = &sock.ArgError{Kind: sock.ArgMissing, Arg: "config", Value: cfg, Rule: "must not be nil"}
	case cfg.TLS == nil:
		err = &sock.ArgError{Kind: sock.ArgMissing, Arg: "TLS", Value: cfg.TLS, Rule: "a Config needs a tls.Config"}
	case cfg.Layer > Kernel:
		err = &sock.ArgError{Kind: sock.ArgUnknown, Arg: "Layer", Value: cfg.Layer, Rule: "must be Standard, Compact or Kernel"}
	case s.Type() != sock.SOCK_STREAM:
		err = &sock.ArgError{Kind: sock.ArgType, Arg: "socket", Value: s, Rule: "TLS needs a socket of type SOCK_STREAM"}
	}
	if err != nil {
		return nil, s.OpError("tls", sock.Addr{}, err)
	}
	var none context.Context
	both := &struct {
		conn Conn
		core core
	}{}
	core := &both.core
	core.base, core.cfg, core.client = s, cfg, client
	if s.Waiter() != (loop.Waiter{}) {
		core.base = s.In(nil).With(none)
	}
	both.conn = Conn{core, s}
	return &both.conn, nil
}

// In returns a view of the connection whose calls suspend the task t. See sock.Socket.In.
func (c *Conn) In(t *loop.Task) *Conn {
	if c.core == nil {
		return c
	}
	return &Conn{c.core, c.s.In(t)}
}

// With returns a view of the connection whose calls end with the cause of ctx. See
// sock.Socket.With.
func (c *Conn) With(ctx context.Context) *Conn {
	if c.core == nil {
		return c
	}
	return &Conn{c.core, c.s.With(ctx)}
}

// ok returns the error of op on a zero Conn.
func (c *Conn) ok(op string) error {
	if c.core == nil {
		return &net.OpError{Op: op, Err: syscall.EINVAL}
	}
	return nil
}

// Socket returns the socket in the view of the connection, for its options, addresses and
// deadlines.
//
// With the layer Kernel the program can use the socket in every way, and drop the Conn: Send, Recv,
// Sendfile and handlers of the socket then carry plaintext. The program must then handle records of
// other types itself: see sock.TLSRecordType. A receive that meets such a record fails with EIO.
func (c *Conn) Socket() *sock.Socket { return c.s.OrClosed() }

// ConnectionState returns the state of the connection, as the method of tls.Conn does. Before the
// end of the handshake it is empty. With a record layer other than Standard it has no TLSUnique,
// and its ExportKeyingMaterial returns an error.
func (c *Conn) ConnectionState() tls.ConnectionState {
	if c.core == nil || !c.made.Load() {
		return blank()
	}
	return c.layer.state()
}

// Layer returns the record layer of the connection. If this is not the layer of its Config, it also
// returns the reason. Before the end of the handshake the layer is Standard.
func (c *Conn) Layer() (Layer, error) {
	if err := c.ok("layer"); err != nil {
		return Standard, err
	}
	if !c.made.Load() {
		return Standard, nil
	}
	switch l := c.layer.(type) {
	case *compact:
		return Compact, nil
	case *kernel:
		return Kernel, nil
	case *standard:
		return Standard, l.why
	}
	return Standard, nil
}

// Read reads plaintext into p. It makes the handshake first if necessary. It returns at least one
// byte or an error, unless p is empty.
//
// Errors: io.EOF after the close_notify of the peer; io.ErrUnexpectedEOF if the stream ended
// without it; those of sock.Socket.Recv; those of TLS. After an error of TLS, and after the end of
// the stream, each Read returns the same error again.
func (c *Conn) Read(p []byte) (int, error) {
	if err := c.Handshake(); err != nil || len(p) == 0 {
		return 0, err
	}
	if c.watch.Load()&closing != 0 {
		return 0, c.s.OpError("read", sock.Addr{}, net.ErrClosed)
	}
	n, err := c.read(p)
	if c.isWatched() {
		c.afterRead(n, err)
	}
	return n, err
}

// afterRead sends the alerts and answers of a Read of a watched connection. Without it nothing
// would send them. If the socket does not take them, the loop calls Writable later.
func (c *Conn) afterRead(n int, err error) {
	if c.layer.pending() {
		c.flush()
	}
	if err != nil && err != io.EOF {
		c.fail(err)
	}
}

func (c *Conn) read(p []byte) (n int, err error) {
	call := c.s.Call(loop.Read)
	var ended error
	for {
		if err = c.s.Begin(&call); err != nil {
			break
		}
		var out loop.Outcome
		n, out, ended = c.readOnce(call.Sysfd, p)
		if ended == loop.ErrAgain {
			c.s.End(&call, &out, ended)
			continue
		}
		c.s.End(&call, &out, nil) // the lane has no part in another error
		break
	}
	switch {
	case err != nil:
		return n, c.s.OpError("read", sock.Addr{}, err)
	case ended != nil:
		return n, ended
	}
	return n, nil
}

// readOnce makes one attempt. The error is loop.ErrAgain, or that of Read.
func (c *core) readOnce(sysfd int, p []byte) (n int, out loop.Outcome, err error) {
	if c.failed != nil {
		return 0, out, c.failed
	}
	defer func() {
		if v := recover(); v != nil {
			n, out = 0, loop.Outcome{}
			c.failed = c.readError(&loop.PanicError{Value: v, Stack: debug.Stack()})
			err = c.failed
		}
	}()
	n, out, err = c.layer.read(c.base, sysfd, p)
	if err == loop.ErrAgain {
		return n, out, err
	}
	if err != nil {
		c.failed = c.readError(err)
	}
	if n > 0 {
		out.Ops = max(out.Ops, 1) // there may be more plaintext, also if no byte was received for it
		return n, out, nil
	}
	return n, out, c.failed
}

// readError converts err to the error that Read returns.
func (c *core) readError(err error) error {
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF, errors.As(err, new(*net.OpError)):
		return err
	}
	return c.base.OpError("read", sock.Addr{}, err)
}

// Write sends p. It makes the handshake first if necessary.
//
// It waits until the socket has taken everything; n is less than len(p) only with an error. On a
// non-blocking socket, such as that of a watched connection, it takes n bytes, as many as there is
// room for, and returns sock.ErrWouldBlock if these are not all. Do not write the n bytes again,
// although their last record may still be unsent; an empty Write sends it.
//
// Errors: those of sock.Socket.Sendall; those of TLS; net.ErrClosed after CloseWrite.
func (c *Conn) Write(p []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	if c.watch.Load()&closing != 0 {
		return 0, c.s.OpError("write", sock.Addr{}, net.ErrClosed)
	}
	return c.write(p, false)
}

// write sends p, or close_notify if end is set.
func (c *Conn) write(p []byte, end bool) (n int, err error) {
	c.writing.Add(1)
	call := c.s.Call(loop.Write)
	var ended error
	for {
		if err = c.s.Begin(&call); err != nil {
			break
		}
		var part int
		var out loop.Outcome
		part, out, ended = c.writeOnce(call.Sysfd, p[n:], end)
		n += part
		if ended == loop.ErrAgain {
			c.s.End(&call, &out, ended)
			continue
		}
		c.s.End(&call, &out, nil) // the lane has no part in another error
		break
	}
	c.writing.Add(-1)
	switch {
	case err != nil:
		err = c.s.OpError(writeName(end), sock.Addr{}, err)
	case ended != nil:
		err = c.wrap(writeName(end), ended)
	default:
		return n, nil
	}
	watching := c.isWatched()
	switch {
	case err != sock.ErrWouldBlock:
		c.fail(err)
	case n < len(p):
		if watching {
			c.watch.Or(short)
		}
	case watching || !end:
		err = nil // all was taken; the loop or the next Write sends the rest
	}
	return n, err
}

// writeName is the operation of a write in errors.
func writeName(end bool) string {
	if end {
		return "closewrite"
	}
	return "write"
}

// writeOnce makes one attempt.
func (c *core) writeOnce(sysfd int, p []byte, end bool) (n int, out loop.Outcome, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, out, err = 0, loop.Outcome{}, &loop.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	if end {
		out, err = c.layer.close(c.base, sysfd)
		return 0, out, err
	}
	return c.layer.write(c.base, sysfd, p)
}

// CloseWrite sends close_notify. The connection can still be read. A second call does nothing.
//
// Errors: those of Write; an error before the end of the handshake.
func (c *Conn) CloseWrite() error {
	if err := c.ok("closewrite"); err != nil {
		return err
	}
	if !c.made.Load() {
		return c.s.OpError("closewrite", sock.Addr{}, errEarlyCloseWrite)
	}
	_, err := c.write(nil, true)
	return err
}

var errEarlyCloseWrite = errors.New("the TLS handshake is not over")

// closeTimeout limits the time that Close waits until the socket takes close_notify. crypto/tls has
// the same limit.
const closeTimeout = 5 * time.Second

// Close sends close_notify, unless CloseWrite has sent it, and closes the socket. If a Write is
// running, Close only closes the socket, which ends the Write. On a watched connection Close does
// not wait: see Watch.
//
// Errors: net.ErrClosed if the connection was closed before; those of CloseWrite. The socket is
// closed in any case.
func (c *Conn) Close() error {
	err := c.ok("close")
	if err != nil {
		return err
	}
	if c.base.Fileno() < 0 {
		return c.s.OpError("close", sock.Addr{}, net.ErrClosed)
	}
	if c.made.Load() && c.isWatched() {
		return c.linger()
	}
	if c.made.Load() && c.writing.Load() == 0 {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		err = c.With(ctx).CloseWrite()
	}
	if failed := c.base.Close(); failed != nil {
		return failed
	}
	return err
}

// LocalAddr returns the address of the socket, or the zero Addr after Close.
func (c *Conn) LocalAddr() net.Addr { return address(c.Socket().Getsockname()) }

// RemoteAddr returns the address of the peer, or the zero Addr once the connection has ended.
func (c *Conn) RemoteAddr() net.Addr { return address(c.Socket().Getpeername()) }

// SetDeadline sets the deadlines of the socket: see sock.Socket.SetDeadline. A deadline that has
// passed does not damage the connection: after a later deadline, reads and writes continue where
// they stopped.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.ok("setdeadline"); err != nil {
		return err
	}
	return c.s.SetDeadline(t)
}

// SetReadDeadline sets the read deadline of the socket: see sock.Socket.SetReadDeadline.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if err := c.ok("setreaddeadline"); err != nil {
		return err
	}
	return c.s.SetReadDeadline(t)
}

// SetWriteDeadline sets the write deadline of the socket: see sock.Socket.SetWriteDeadline.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	if err := c.ok("setwritedeadline"); err != nil {
		return err
	}
	return c.s.SetWriteDeadline(t)
}

var _ net.Conn = (*Conn)(nil)
