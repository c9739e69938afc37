package sock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"github.com/polluxio/pollux/loop"
	"os"
	"time"
)

// sendfileBlock is the size of one system call. Python asks for at most 1 GiB; here the calls are
// shorter, because a close or a cancel is noticed between two calls. A socket usually accepts less
// at once, even on loopback, so a call ends because the socket is full. The calls themselves are
// cheap; the cost is that Go's scheduler gives the processor away in each call and has to get it
// back.
const sendfileBlock = 64 << 20

// sendfileTurn is the number of bytes after which a transmission gives up its place among those
// that may block, and asks for a new one: others go first.
const sendfileTurn = sendfileBlock

// fallbackBlock is the size of a read from a file that the system cannot send from, as in Python.
const fallbackBlock = 8192

// sendfileCall is the system call; tests replace it with a slow disk.
var sendfileCall = sysSendfile

// Sendfile sends count bytes of a file from offset, or all up to its end if count is -1. In Python:
// socket.sendfile, where None stands for -1. It returns how many bytes were sent, with an error
// too. The end of the file ends it early and is not an error; an offset beyond it sends nothing. If
// bytes were sent and the file can seek, its position is then offset plus that number, whatever
// ended the call.
//
// A regular *os.File (any value with Stat and SyscallConn) goes by sendfile(2), without a copy in
// the program's memory: on Linux, macOS, FreeBSD and DragonFly; on Windows by TransmitFile.
// Sendfile reads a file in blocks of 8192 bytes if the system refuses to send from it, or does not
// know its size (as in /proc). It reads from offset on, with ReadAt if the file has that, so that
// the file can be shared. It reads all other readers too: for them an offset of 0 means the present
// position, and an offset above 0 needs an io.Seeker.
//
// The timeout is for each wait, not for the whole call. Bytes of other senders on the same socket
// go before or after the file, not between its parts. The disk blocks no loop: the system calls run
// on the waiting goroutine, or for a task or a future on a new goroutine, and at most
// loop.Config.Workers of those are in such calls at once.
//
// A system call that waits for the disk cannot be interrupted: Close, a cancel and a context take
// effect after it. This also holds for a Read of file; that Read must not use the socket. They do
// interrupt TransmitFile; then only the system knows how many bytes of the part in progress (at
// most 1 MiB) were sent, and Sendfile returns its number.
//
// Errors: an *ArgError if the socket is not of a SOCK_STREAM kind, for a count below 1 other than
// -1, and for a non-blocking socket (Watch makes sockets non-blocking), except with an empty file;
// EINVAL for a negative offset; those of the file; those of Sendall; loop.ErrOnLoop in a callback.
func (s *Socket) Sendfile(file io.Reader, offset, count int64) (int64, error) {
	n, err := s.sendfile(file, offset, count)
	runtime.KeepAlive(s)
	return n, s.fail("sendfile", Addr{}, err)
}

func (s *Socket) sendfile(file io.Reader, offset, count int64) (int64, error) {
	switch {
	case file == nil:
		return 0, &ArgError{ArgMissing, "file", file, "must not be nil"}
	case s.Type()&SOCK_STREAM == 0: // a bit test, so SOCK_SEQPACKET passes too, as in Python
		return 0, &ArgError{ArgType, "type", s.Type(), "only SOCK_STREAM type sockets are supported"}
	case count < 1 && count != -1:
		return 0, &ArgError{ArgRange, "count", count, fmt.Sprintf("count must be a positive integer (got %d)", count)}
	}
	if t := s.who.Task(); t != nil {
		return s.sendfileFor(t, s.context(), file, offset, count)
	}
	if err := loop.MayBlock(); err != nil {
		return 0, err
	}
	var n int64
	err := s.transmit(nil, file, offset, count, &n)
	return n, err
}

// sendfileFor runs Sendfile on a goroutine for a task. The goroutine waits each time the socket is
// full; the task waits once.
func (s *Socket) sendfileFor(t *loop.Task, ctx context.Context, file io.Reader, offset, count int64) (n int64, err error) {
	err = t.DoWith(ctx, func(ctx context.Context) error {
		return (&Socket{s.core, loop.ByContext(ctx), s.root}).transmit(t.Loop(), file, offset, count, &n)
	})
	return n, err
}

// transmit makes the whole Sendfile on the calling goroutine. on is the loop that it works for, if
// the goroutine is not the caller's. *n is how many bytes were sent, even if a Read of file ends
// the goroutine.
func (s *Socket) transmit(on *loop.Loop, file io.Reader, offset, count int64, n *int64) error {
	x := s.begin(on, file, offset, count)
	defer func() {
		*n = x.sent
		x.done()
	}()
	return x.run()
}

// A transmission is a running Sendfile. Its Op only waits until the socket is writable, and then
// keeps the lane. The calls that may block on the disk are made while the transmission holds the
// lane, on a goroutine that no loop needs.
//
//	opening ──▶ sending: wait ──▶ work, until the socket is full ──▶ wait ──▶ … ──▶ closing
//	              │ ▲
//	              ▼ │ the system refused to send from the file
//	           seeking
type transmission struct {
	op
	view  *Socket
	on    *loop.Loop      // the loop whose places it takes for blocking calls; nil: the goroutine is the caller's own
	ctx   context.Context // of view, if there is one
	phase phase

	file io.Reader
	raw  syscall.RawConn // of file, if it goes by sendfile(2)
	size int64           // of such a file, at the start
	at   io.ReaderAt     // of file, if it is read with ReadAt and keeps its position
	from int64
	left int64 // still to be sent, -1 for all
	sent int64

	sysfd   int
	held    bool  // the transmission holds the lane
	moved   bool  // bytes were sent since it was found writable
	tried   bool  // an attempt to send was made, or is about to be
	over    bool  // nothing is left to send
	failure error // of copyFrom

	block  *[fallbackBlock]byte // the buffer for a file that does not go by sendfile(2)
	unsent []byte               // of block
	eof    error                // the error that ended the last read from file

	began time.Time // the start of the call that may wait; for stop

	step func() error // x.work, made once
	stop func() error // x.stopped
	copy func(uintptr)
}

type phase uint8

const (
	opening phase = iota // find out how to send the file
	seeking              // move a file that is to be read to the start
	sending
	closing // move it to its final position
)

var transmissions = sync.Pool{New: func() any {
	x := new(transmission)
	x.Attempt = x
	x.step, x.stop, x.copy = x.work, x.stopped, x.copyFrom
	return x
}}

var blocks = sync.Pool{New: func() any { return new([fallbackBlock]byte) }}

// begin takes a transmission from the pool; done returns it.
func (s *Socket) begin(on *loop.Loop, file io.Reader, offset, count int64) *transmission {
	x := transmissions.Get().(*transmission)
	x.prepare(s.core, loop.Write, nil)
	x.Home = on
	x.view, x.on, x.file, x.from, x.left = s, on, file, offset, count
	x.ctx = s.who.Context()
	return x
}

func (x *transmission) done() {
	x.leave() // after a panic in a Read of file it is still held
	if x.block != nil {
		blocks.Put(x.block)
	}
	x.Home = nil
	x.s, x.view, x.on, x.ctx, x.file, x.raw, x.at, x.failure = nil, nil, nil, nil, nil, nil, nil, nil
	x.block, x.unsent, x.eof = nil, nil, nil
	x.phase, x.size, x.sent, x.moved, x.tried, x.over = opening, 0, 0, false, false, false
	transmissions.Put(x)
}

// wait waits until the transmission holds the lane and the socket is writable. Each wait has the
// whole timeout.
func (x *transmission) wait() error {
	c, fd := &x.Call, &x.view.fd
	c.Waiter, c.Timeout = x.view.who, x.view.patience(0)
	c.Restart()
	err := x.ended()
	switch {
	case err != nil:
		return err
	case !x.held:
		err = fd.Begin(c)
	case !x.moved:
		// The kernel is short of memory, for example: poll(2) would report writable again at once.
		fd.End(c, &loop.Outcome{Retry: &slowRetry}, loop.ErrAgain)
		err = fd.Begin(c)
	}
	x.held = err == nil
	// Ask poll(2) after an edge too: a call without result may make an edge itself. But while a
	// Unix socket is full, poll(2) does not report its end; the call does.
	// SCTP without an association is never writable either (sctp_poll of net/sctp/socket.c).
	for due := !x.tried && x.s.has(quirkEndOfWait); x.held && !due && !sysWritable(c.Sysfd); {
		out := loop.Outcome{Retry: x.s.again(loop.ErrAgain)}
		fd.End(c, &out, loop.ErrAgain)
		err = fd.Begin(c)
		x.held = err == nil
		due = out.Retry != nil && (c.HungUp || !x.moved)
	}
	x.moved, x.tried = false, true
	if !x.held {
		return err
	}
	x.sysfd = c.Sysfd
	return fd.Lend()
}

func (x *transmission) leave() {
	if x.held {
		x.held = false
		x.view.fd.End(&x.Call, &loop.Outcome{}, nil)
	}
}

// do does the work of a phase, which may block.
func (x *transmission) do(p phase) error {
	x.phase = p
	if x.on != nil {
		return x.on.Do(x.step)
	}
	return x.work()
}

func (x *transmission) work() error {
	switch {
	case x.phase == opening:
		x.open()
		return nil
	case x.phase == seeking:
		return x.seekStart()
	case x.phase == closing:
		// The error is ignored: some files, such as a pipe, have a Seek and cannot seek.
		x.file.(io.Seeker).Seek(x.from+x.sent, io.SeekStart)
		return nil
	case x.raw != nil:
		x.failure = nil
		if err := x.raw.Control(x.copy); err != nil {
			return err
		}
		return x.failure
	}
	return x.forward()
}

func (x *transmission) run() error {
	err := x.do(opening)
	if err != nil || x.over {
		return err
	}
	if x.view.patience(0) == 0 {
		return &ArgError{ArgConflict, "timeout", x.view.Timeout(), "non-blocking sockets are not supported"}
	}
	err = x.send()
	if x.raw != nil && x.sent == 0 && x.refused(err) {
		x.leave() // without bytes to read there is no reason to wait
		x.raw = nil
		x.at, _ = x.file.(io.ReaderAt)
		err = x.send()
	}
	x.leave()
	if _, ok := x.file.(io.Seeker); ok && x.sent > 0 {
		if failed := x.do(closing); err == nil {
			err = failed // a panic, as an error
		}
	}
	return err
}

// refused reports whether the system cannot send from this file: sendfile(2), "EINVAL". The socket
// never causes these errors. If a read of the file failed, reading it again returns the same error.
func (x *transmission) refused(err error) bool {
	errno, ok := err.(syscall.Errno)
	return ok && x.from >= 0 && slices.Contains(refusals, errno) // a negative offset is the caller's mistake
}

var refusals = []syscall.Errno{syscall.EINVAL, syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOTSOCK, syscall.EOVERFLOW,
	syscall.ESPIPE, syscall.EBADF}

// send sends everything, in one of the two ways.
func (x *transmission) send() error {
	if x.raw == nil && x.at == nil && x.from != 0 {
		if err := x.do(seeking); err != nil {
			return err
		}
	}
	for !x.over {
		if x.raw != nil || x.held || len(x.unsent) > 0 {
			if err := x.wait(); err != nil {
				return err
			}
		}
		if err := x.do(sending); err != nil {
			return err
		}
	}
	return nil
}

// open finds out how to send the file.
func (x *transmission) open() {
	f, ok := x.file.(described)
	if !ok {
		return
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return
	}
	if info.Size() == 0 {
		// The file is empty, or the system does not know its size before a read: a file of /proc.
		var one [1]byte
		if at, ok := x.file.(io.ReaderAt); ok && x.from >= 0 {
			n, err := at.ReadAt(one[:], x.from)
			x.at, x.over = at, n == 0 && err == io.EOF
			return
		}
	}
	if raw, err := f.SyscallConn(); err == nil {
		x.raw, x.size = raw, info.Size()
		x.over = x.size == 0
	}
}

func (x *transmission) seekStart() error {
	f, ok := x.file.(io.Seeker)
	if !ok {
		return &ArgError{ArgType, "offset", x.from, fmt.Sprintf("a %T cannot seek, and so its offset must be 0", x.file)}
	}
	_, err := f.Seek(x.from, io.SeekStart)
	return err
}

// ended returns the reason to stop between two calls, or nil.
func (x *transmission) ended() error {
	if x.ctx != nil && x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	if x.view.fd.Sysfd() < 0 {
		return net.ErrClosed
	}
	return nil
}

// stopped returns the reason to end a system call that waits for the peer: that of ended, or the
// timeout. A deadline of the lane takes effect after the call.
func (x *transmission) stopped() error {
	if err := x.ended(); err != nil {
		return err
	}
	if time.Since(x.began) >= x.Timeout {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// count notes that n bytes were sent.
func (x *transmission) count(n int) {
	x.sent += int64(n)
	x.moved = x.moved || n > 0
	if x.left > 0 {
		x.left -= int64(n)
		x.over = x.left == 0
	}
}

// copyFrom sends by sendfile(2) from a descriptor that stays open, until the socket is full,
// nothing is left, or others should go first.
func (x *transmission) copyFrom(fd uintptr) {
	ensureNonblock(x.sysfd)
	for turn := 0; turn < sendfileTurn && !x.over; {
		ask := sendfileBlock
		if x.left > 0 {
			ask = int(min(x.left, sendfileBlock))
		}
		x.began = time.Now()
		n, err := sendfileCall(x.sysfd, int(fd), x.from+x.sent, ask, x.stop)
		turn += n
		x.count(n)
		switch {
		case err == loop.ErrAgain:
			return
		case err != nil:
			x.failure = err
			return
		case n == 0:
			x.over = true // the end of the file
		case n < ask && x.from+x.sent < x.size:
			return // the socket is full: another call would cost more than poll(2)
		}
		if x.failure = x.ended(); x.failure != nil {
			return
		}
	}
}

// forward is copyFrom for a file that is read and then sent.
func (x *transmission) forward() error {
	for turn := 0; turn < sendfileTurn && !x.over; {
		for len(x.unsent) > 0 {
			if !x.held {
				return nil
			}
			n, err := x.s.sendto(x.sysfd, x.unsent, 0, nil)
			x.unsent = x.unsent[n:]
			turn += n
			x.count(n)
			if err == loop.ErrAgain {
				return nil
			}
			if err != nil {
				return err
			}
		}
		if x.over {
			return nil
		}
		if err := x.ended(); err != nil {
			return err
		}
		if x.eof == io.EOF {
			x.over = true
			return nil
		}
		if x.eof != nil {
			return x.eof
		}
		if err := x.read(); err != nil {
			return err
		}
	}
	return nil
}

// mostEmptyReads is how many reads in a row may return 0 bytes without an error, as in
// bufio.Reader.
const mostEmptyReads = 100

// errRead is the error for a file that breaks the rules of io.Reader.
var errRead = errors.New("the file's Read returned a negative count, or more bytes than its buffer holds")

// read reads one block.
func (x *transmission) read() error {
	if x.block == nil {
		x.block = blocks.Get().(*[fallbackBlock]byte)
	}
	p := x.block[:]
	if x.left > 0 {
		p = p[:min(x.left, int64(len(p)))]
	}
	for range mostEmptyReads {
		var n int
		var err error
		if x.at != nil {
			n, err = x.at.ReadAt(p, x.from+x.sent)
		} else {
			n, err = x.file.Read(p)
		}
		if n < 0 || n > len(p) {
			return errRead
		}
		x.unsent, x.eof = p[:n], err
		if n > 0 || err != nil {
			return nil
		}
	}
	return io.ErrNoProgress
}

// Sendfile is Socket.Sendfile. The operation owns the file until its future is settled. After an
// error the value is how many bytes were sent.
func (a Async) Sendfile(file io.Reader, offset, count int64) loop.Future[int64] {
	return a.inTask("sendfile", func(s *Socket) (int64, error) { return s.Sendfile(file, offset, count) })
}
