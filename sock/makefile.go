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

// DefaultBufferSize is how much a File holds in either direction, unless told otherwise: Python's
// io.DEFAULT_BUFFER_SIZE.
const DefaultBufferSize = 8192

// errClosedFile is the error of a File that is closed.
var errClosedFile error = closedFile{}

type closedFile struct{}

func (closedFile) Error() string        { return "I/O operation on closed file" }
func (closedFile) Is(target error) bool { return target == net.ErrClosed || target == os.ErrClosed }

// A File is a socket as a file, with buffers: the result of Python's socket.makefile. It is read or
// written or both, by one caller at a time in each direction; others wait for their turn. It waits
// as the Socket that made it: Makefile of a view by In or With gives a File that suspends the task,
// or ends with the context. With and In of a File give views of it, which share its buffers.
//
// A timeout, a deadline or the end of a context ends the operation and not the File: the next one
// goes on where it stopped. So errors.Is(err, os.ErrDeadlineExceeded) asks for a timeout.
//
// It keeps the descriptor open: after Socket.Close it goes on, until it is closed itself. A File
// that the program drops is closed too, but what it had still to write is lost.
type File struct {
	*file
	task *loop.Task             // of the view
	ctx  context.Context        // ends the view's waits beside the end of the File; nil: does not exist
	view atomic.Pointer[Socket] // of share.socket, as it waits; only if ctx is nil
	root *File                  // of a view: the File, which must not be collected before; nil in that itself
}

var (
	_ io.ReadWriteCloser = (*File)(nil)
	_ io.ReaderFrom      = (*File)(nil)
	_ io.WriterTo        = (*File)(nil)
	_ io.ByteReader      = (*File)(nil)
	_ io.ByteWriter      = (*File)(nil)
	_ io.StringWriter    = (*File)(nil)
)

// A file is what all views of a File share. It does not know the File, so that one can be
// collected.
type file struct {
	base   *Socket // that made it
	share  *share
	mode   string // immutable
	size   int    // immutable; of the buffers
	closed atomic.Bool
	ended  context.Context         // ends with Close
	end    context.CancelCauseFunc // of ended

	reading turn
	reader  *File         // reading; the view that reads
	waits   loop.Waiter   // reading; how it waits
	r       *bufio.Reader // reading; nil: without a buffer

	writing turn
	w       []byte // writing; what is still to be sent
}

// Makefile is Python's socket.makefile: the socket as a file. mode is any mix of r, w and b; "" is
// r, and b changes nothing, because text in Go is bytes. buffering is the size of the buffers: 0
// for no buffer, which needs a b in mode; a negative one is DefaultBufferSize; one below 16 is 16.
//
// Data buffered by the File is no longer visible to Recv. The timeout is the socket's.
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
		buffering = max(buffering, 16) // as bufio
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

// With returns a view of the File whose operations end with the cause of ctx when ctx ends first.
// It replaces an earlier context; a nil ctx is none. Views share buffers and position. An operation
// with a context allocates.
func (f *File) With(ctx context.Context) *File {
	return &File{file: f.file, task: f.task, ctx: ctx, root: f.whole()}
}

// In returns a view of the File whose operations suspend the task, and not the goroutine. Only the
// task itself may use it. A nil task is none. Views share buffers and position.
func (f *File) In(t *loop.Task) *File {
	return &File{file: f.file, task: t, ctx: f.ctx, root: f.whole()}
}

// whole is the File that f is a view of, or f.
func (f *File) whole() *File {
	if f.root != nil {
		return f.root
	}
	return f
}

// Readable says whether it was made for reading.
func (f *File) Readable() bool { return strings.Contains(f.mode, "r") }

// Writable says whether it was made for writing.
func (f *File) Writable() bool { return strings.Contains(f.mode, "w") }

// Mode is "rb", "wb" or "rwb".
func (f *File) Mode() string { return f.mode }

// Fileno is the descriptor's number, that of the socket; -1 once the File or its socket's
// descriptor is closed.
func (f *File) Fileno() int {
	if f.closed.Load() {
		return -1
	}
	return f.share.current().Fileno()
}

// Close flushes, and closes the File and all its views; the last File of a closed socket closes the
// descriptor. It does not close the socket. The error is that of the flush; the File is closed all
// the same. A second Close does nothing.
//
// A Read or Write that waits ends with an error that is net.ErrClosed and os.ErrClosed, "I/O
// operation on closed file", and so does every later one.
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
	} // else a Write is under way, which gets the error and has the rest
	f.finish((*Socket).Close)
	return err
}

// finish ends the operations that wait, and counts the File out; last closes a descriptor that
// belongs to the Files alone.
func (f *file) finish(last func(*Socket) error) {
	if f.closed.Swap(true) {
		return
	}
	f.end(errClosedFile)
	f.base.unshare(f.share, last)
}

func (f *file) fail(op string, err error) error { return f.base.fail(op, Addr{}, err) }

// waiting returns what one operation waits as: until Close and until the view's context ends. The
// operation calls stop at its end.
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

// socket is the one to use now, in the view that waits.
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

// each calls call with the socket, and again if that was closed meanwhile and the descriptor now
// belongs to the Files alone: what an operation on a closed socket has not done is still to be
// done.
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

// A turn is a lock that an operation waits for as it waits for the socket: a task suspends, and the
// end of a context ends the wait.
type turn chan struct{}

func newTurn() turn { return make(turn, 1) }

// try takes the turn, if it is free.
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
