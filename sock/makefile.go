package sock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
)

// DefaultBufferSize is the default size of each buffer of a File, in bytes: Python's
// io.DEFAULT_BUFFER_SIZE.
const DefaultBufferSize = 8192

// errClosedFile is the error of operations on a closed File.
var errClosedFile error = closedFile{}

type closedFile struct{}

func (closedFile) Error() string        { return "I/O operation on closed file" }
func (closedFile) Is(target error) bool { return target == net.ErrClosed || target == os.ErrClosed }

// A File reads from and writes to a socket through buffers, like a file: the result of Python's
// socket.makefile. In each direction, one call is active at a time, and further calls wait for
// their turn. A File waits as the Socket that made it: Makefile of a view by In suspends the task,
// and Makefile of a view by With ends with the context. The methods With and In of a File return
// views, which share its buffers.
//
// A timeout, a deadline or the end of a context ends one operation and not the File. The next
// operation continues where that one stopped. Use errors.Is(err, os.ErrDeadlineExceeded) to detect
// a timeout.
//
// A File keeps the descriptor open. It still works after Socket.Close, until File.Close. If the
// program drops a File without closing it, the File is closed too, but unsent data in its buffer is
// lost.
type File struct {
	*file
	task *loop.Task             // the task of the view, or nil
	ctx  context.Context        // also ends the waits of the view; nil if the view has no context
	view atomic.Pointer[Socket] // share.socket, waiting as this view does; only if ctx is nil
	root *File                  // in a view: the original File, kept alive until the view is collected; nil in the original
}

var (
	_ io.ReadWriteCloser = (*File)(nil)
	_ io.ReaderFrom      = (*File)(nil)
	_ io.WriterTo        = (*File)(nil)
	_ io.ByteReader      = (*File)(nil)
	_ io.ByteWriter      = (*File)(nil)
	_ io.StringWriter    = (*File)(nil)
)

// A file is the part that all views of a File share. It has no pointer to the File, so that the
// collector can find a dropped File.
type file struct {
	base   *Socket // the Socket that made it
	share  *share
	mode   string // immutable
	size   int    // immutable; size of each buffer in bytes
	closed atomic.Bool
	ended  context.Context         // ends with Close
	end    context.CancelCauseFunc // ends ended

	reading turn
	reader  *File         // reading; the view that reads
	waits   loop.Waiter   // reading; how that view waits
	r       *bufio.Reader // reading; nil without a buffer

	writing turn
	w       []byte // writing; data that is not sent yet
}

// Makefile returns the socket as a File: Python's socket.makefile. mode is any mix of r, w and b,
// and "" is r. b changes nothing, because text in Go is bytes. buffering is the size of each buffer
// in bytes. 0 means no buffer, and needs a b in mode. A negative size is DefaultBufferSize, and a
// size below 16 is 16.
//
// Data buffered by the File is no longer visible to Recv. The timeout is that of the socket.
//
// Errors: an *ArgError for another mode and for text without a buffer; net.ErrClosed.
func (s *Socket) Makefile(mode string, buffering int) (*File, error) {
	if strings.ContainsFunc(mode, func(r rune) bool { return !strings.ContainsRune("rwb", r) }) {
		return nil, s.fail("makefile", Addr{}, &ArgError{ArgUnknown, "mode", mode, fmt.Sprintf("invalid mode '%s' (only r, w, b allowed)", mode)})
	}
	if buffering == 0 && !strings.Contains(mode, "b") {
		return nil, s.fail("makefile", Addr{}, &ArgError{ArgConflict, "buffering", buffering, "unbuffered streams must be binary"})
	}
	switch {
	case buffering < 0:
		buffering = DefaultBufferSize
	case buffering > 0:
		buffering = max(buffering, 16) // as in package bufio
	}
	share, err := s.shareFile()
	if err != nil {
		return nil, s.fail("makefile", Addr{}, err)
	}
	c := &file{base: s.base(), share: share, size: buffering, reading: newTurn(), writing: newTurn()}
	writes := strings.Contains(mode, "w")
	if strings.Contains(mode, "r") || !writes {
		c.mode = "r"
	}
	if writes {
		c.mode += "w"
	}
	c.mode += "b"
	c.ended, c.end = context.WithCancelCause(context.Background())
	if strings.Contains(c.mode, "r") && buffering > 0 {
		c.r = bufio.NewReaderSize(unbuffered{c}, buffering)
	}
	f := &File{file: c, task: s.who.Task(), ctx: s.who.Context()}
	runtime.SetFinalizer(f, func(f *File) {
		f.finish(func(s *Socket) error {
			s.fd.Abandon() // writes a line to the log
			return s.Close()
		})
	})
	return f, nil
}

// With returns a view of the File whose operations end with the cause of ctx when ctx ends. ctx
// replaces an earlier context, and nil removes it. Views share buffers and position. An operation
// with a context allocates.
func (f *File) With(ctx context.Context) *File {
	return &File{file: f.file, task: f.task, ctx: ctx, root: f.whole()}
}

// In returns a view of the File whose operations suspend the task and not the goroutine. Only the
// task itself may use it. nil removes the task. Views share buffers and position.
func (f *File) In(t *loop.Task) *File {
	return &File{file: f.file, task: t, ctx: f.ctx, root: f.whole()}
}

// whole returns the File that f is a view of, or f itself.
func (f *File) whole() *File {
	if f.root != nil {
		return f.root
	}
	return f
}

// Readable reports whether the File was made for reading.
func (f *File) Readable() bool { return strings.Contains(f.mode, "r") }

// Writable reports whether the File was made for writing.
func (f *File) Writable() bool { return strings.Contains(f.mode, "w") }

// Mode returns "rb", "wb" or "rwb".
func (f *File) Mode() string { return f.mode }

// Fileno returns the number of the socket's descriptor. It returns -1 after the File or the
// descriptor is closed.
func (f *File) Fileno() int {
	if f.closed.Load() {
		return -1
	}
	return f.share.current().Fileno()
}

// Close flushes the buffer, and closes the File and all its views. It does not close the socket. If
// the socket is closed already, Close of its last File closes the descriptor. The error is that of
// the flush, and the File is closed in any case. A second Close does nothing.
//
// A blocked Read or Write, and every later one, fails with "I/O operation on closed file". This
// error is net.ErrClosed and os.ErrClosed.
func (f *File) Close() error {
	runtime.SetFinalizer(f.whole(), nil)
	var err error
	if f.Writable() && f.writing.try() {
		if !f.closed.Load() {
			waits, stop := f.waiting()
			err = f.flush(waits)
			stop()
		}
		f.writing.done()
	} // else a Write is active: it gets the error and keeps the rest
	f.finish((*Socket).Close)
	return err
}

// finish ends the blocked operations and removes the File from the count of Files. If the
// descriptor belongs to the Files alone and this was the last one, last closes it.
func (f *file) finish(last func(*Socket) error) {
	if f.closed.Swap(true) {
		return
	}
	f.end(errClosedFile)
	f.base.unshare(f.share, last)
}

func (f *file) fail(op string, err error) error { return f.base.fail(op, Addr{}, err) }

// waiting returns how one operation waits: until Close, and until the context of the view ends. The
// operation must call stop at its end.
func (f *File) waiting() (waits loop.Waiter, stop func()) {
	ctx, stop := f.ended, func() {}
	if v := f.view.Load(); v != nil { // only without a context: see socket
		return v.who, stop
	}
	if f.ctx != nil {
		joined, cancel := context.WithCancelCause(f.ctx)
		detach := context.AfterFunc(f.ended, func() { cancel(errClosedFile) })
		ctx, stop = joined, func() { detach(); cancel(nil) }
	}
	return loop.Waiter{}.In(f.task).With(ctx), stop
}

// socket returns the current socket, in a view that waits as waits says.
func (f *File) socket(waits loop.Waiter) *Socket {
	s := f.share.current()
	if v := f.view.Load(); v != nil && v.core == s.core {
		return v
	}
	v := &Socket{s.core, waits, s}
	if f.ctx == nil {
		f.view.Store(v)
	}
	return v
}

// each calls call with the current socket. If that socket was closed meanwhile and the descriptor
// now belongs to the Files, each calls it again with the new socket: the closed socket has left
// part of the work undone.
func (f *File) each(op string, waits loop.Waiter, call func(*Socket) error) error {
	for {
		s := f.socket(waits)
		err := call(s)
		switch {
		case err == nil:
			return nil
		case f.closed.Load():
			return f.fail(op, errClosedFile)
		case !errors.Is(err, net.ErrClosed) || f.share.settled().core == s.core:
			return err
		}
	}
}

// A turn is a lock. An operation waits for it in the same way as for the socket: a task suspends,
// and the end of a context ends the wait.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// try takes the turn if it is free, and reports whether it did.
func (t turn) try() bool {
	select {
	case t <- struct{}{}:
		return true
	default:
		return false
	}
}

// done gives the turn back.
func (t turn) done() { <-t }

// take waits for the turn. Errors: the cause of the context, loop.ErrOnLoop.
func (t turn) take(waits loop.Waiter) error {
	if t.try() {
		return nil
	}
	wait := func(ctx context.Context) error {
		select {
		case t <- struct{}{}:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if task := waits.Task(); task != nil {
		return task.DoWith(waits.Context(), wait)
	}
	if err := loop.MayBlock(); err != nil {
		return err
	}
	return wait(waits.Context())
}

// begin checks that f can do op, and takes the turn.
func (f *File) begin(op string, t turn, allowed bool, rule string, waits loop.Waiter) error {
	switch {
	case f.closed.Load():
		return f.fail(op, errClosedFile)
	case !allowed:
		return f.fail(op, &ArgError{ArgType, "mode", f.mode, rule})
	}
	if err := t.take(waits); err != nil {
		return f.fail(op, err)
	}
	if f.closed.Load() {
		t.done()
		return f.fail(op, errClosedFile)
	}
	return nil
}
