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

// What one call asks the system for. Python asks for 1 GiB at most; a close or a cancel is noticed
// between two calls, and so they are shorter here. It is more than a socket takes at once as a
// rule, even on loopback, so that a call ends because the socket is full: what costs time are not
// the calls, but that Go's scheduler gives the processor away in each of them and has to bring it
// back.
const sendfileBlock = 64 << 20

// sendfileTurn is after how many bytes a place among those who may block is asked for anew: others
// go first.
const sendfileTurn = sendfileBlock

// fallbackBlock is what is read at once from what the system cannot send from, as Python does it.
const fallbackBlock = 8192

// sendfileCall is the system call; tests put a slow disk here.
var sendfileCall = sysSendfile

// Sendfile sends a file, from offset on, and count bytes of it or, if count is -1, all up to its
// end: Python's socket.sendfile, whose None is -1 here. It reports the bytes sent, with an error
// too. If there were any and the file can seek, its position is offset plus that afterwards,
// whatever ended the call. The end of the file ends it early, and is no error; an offset beyond it
// sends nothing.
//
// A regular *os.File (in general what has Stat and SyscallConn) goes by sendfile(2), without
// passing through the program: on Linux, macOS, FreeBSD and DragonFly; on Windows by TransmitFile.
// A file which the system refuses to send from, or whose size it does not know (as in /proc), is
// read in blocks of 8192 bytes that are sent; from offset on, and by ReadAt if it has that, so that
// it can be shared. Everything else is read too; then an offset of 0 means where the file stands
// just now, and one above 0 wants an io.Seeker.
//
// The timeout is for each wait, not for the whole. What others send on the socket meanwhile comes
// before or after, not between. The disk stops no loop: a goroutine that waits makes the system
// calls itself, for a task or a future one of its own does, with no more than loop.Config.Workers
// of these in such calls at once. A call that the disk holds up is not to be interrupted; Close, a
// cancel and a context count when it is over. The same goes for a Read of file, which must not use
// the socket. TransmitFile is interrupted by each; what it reports for the part of the file that
// was under way (at most 1 MiB) is then what the system says.
//
// Errors: an *ArgError if the socket is not of a SOCK_STREAM kind, for another count below 1, and
// for a non-blocking socket, as Watch makes one (an empty file is no error even then); EINVAL for a
// negative offset; those of the file; else as Sendall. loop.ErrOnLoop in a callback.
func (s *Socket) Sendfile(file io.Reader, offset, count int64) (int64, error) {
	n, err := s.sendfile(file, offset, count)
	runtime.KeepAlive(s)
	return n, s.fail("sendfile", Addr{}, err)
}

func (s *Socket) sendfile(file io.Reader, offset, count int64) (int64, error) {
	switch {
	case file == nil:
		return 0, &ArgError{ArgMissing, "file", file, "must not be nil"}
	case s.Type()&SOCK_STREAM == 0: // a bit, and so SOCK_SEQPACKET passes as in Python
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

// sendfileFor has a goroutine make it for a task: it waits as often as the socket is full, and the
// task once.
func (s *Socket) sendfileFor(t *loop.Task, ctx context.Context, file io.Reader, offset, count int64) (n int64, err error) {
	err = t.DoWith(ctx, func(ctx context.Context) error {
		return (&Socket{s.core, loop.ByContext(ctx), s.root}).transmit(t.Loop(), file, offset, count, &n)
	})
	return n, err
}

// transmit is the whole, by the calling goroutine. on is the loop for which it works, if that is
// not the caller's own. *n is how much went, also if a Read of file ends the goroutine.
func (s *Socket) transmit(on *loop.Loop, file io.Reader, offset, count int64, n *int64) error {
	x := s.begin(on, file, offset, count)
	defer func() {
		*n = x.sent
		x.done()
	}()
	return x.run()
}

// A transmission is a Sendfile under way. Its Op does no more than find the socket writable and
// keep the lane then: the calls that may block on the disk are made with the lane held, where they
// stop nobody else.
//
//	opening ──▶ sending: wait ──▶ work, until the socket is full ──▶ wait ──▶ … ──▶ closing
//	              │ ▲
//	              ▼ │ the system refused to send from the file
//	           seeking
type transmission struct {
	op
	view  *Socket
	on    *loop.Loop      // whose places it takes for what may block; nil: the goroutine is the caller's own
	ctx   context.Context // of view, if there is one
	phase phase

	file io.Reader
	raw  syscall.RawConn // of file, if it goes by sendfile(2)
	size int64           // of such a file, when it began
	at   io.ReaderAt     // of file, if it is read at places of its own and stands where it stood
	from int64
	left int64 // still to be sent, -1 for all
	sent int64

	sysfd   int
	held    bool  // the lane is ours
	moved   bool  // something went since it was found writable
	over    bool  // nothing is left to be sent
	failure error // of copyFrom

	block  *[fallbackBlock]byte // what is read into, if it does not go by sendfile(2)
	unsent []byte               // of block
	eof    error                // what the last read from file has ended with

	began time.Time // the call that may wait; for stop

	step func() error // x.work, made once
	stop func() error // x.stopped
	copy func(uintptr)
}

type phase uint8

const (
	opening phase = iota // find out how the file goes
	seeking              // put one that is to be read where it begins
	sending
	closing // put it where it is to stand afterwards
)

var transmissions = sync.Pool{New: func() any {
	x := new(transmission)
	x.Attempt = x
	x.step, x.stop, x.copy = x.work, x.stopped, x.copyFrom
	return x
}}

var blocks = sync.Pool{New: func() any { return new([fallbackBlock]byte) }}

// begin takes one from the pool; done gives it back.
func (s *Socket) begin(on *loop.Loop, file io.Reader, offset, count int64) *transmission {
	x := transmissions.Get().(*transmission)
	x.prepare(s.core, loop.Write, nil)
	x.Home = on
	x.view, x.on, x.file, x.from, x.left = s, on, file, offset, count
	x.ctx = s.who.Context()
	return x
}

func (x *transmission) done() {
	x.leave() // it is held still after a panic in a Read of file
	if x.block != nil {
		blocks.Put(x.block)
	}
	x.Home = nil
	x.s, x.view, x.on, x.ctx, x.file, x.raw, x.at, x.failure = nil, nil, nil, nil, nil, nil, nil, nil
	x.block, x.unsent, x.eof = nil, nil, nil
	x.phase, x.size, x.sent, x.moved, x.over = opening, 0, 0, false, false
	transmissions.Put(x)
}

// wait waits until the lane is ours and the socket writable, at first or after a part of the way.
// Each wait has the whole timeout.
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
		x.held = err == nil
	case !x.moved:
		// Memory is short, or the like: poll(2) would only say again that it is writable.
		x.held, err = fd.End(c, loop.Outcome{Retry: fullRetry}, loop.ErrAgain)
	}
	// Asked after an edge too: a call that comes to nothing may make one itself. But of the end of
	// a Unix socket poll(2) tells nothing while it is full: the call does.
	for due := false; x.held && !due && !sysWritable(c.Sysfd); {
		out, _ := x.s.again(loop.Outcome{}, loop.ErrAgain)
		x.held, err = fd.End(c, out, loop.ErrAgain)
		due = out.Retry != 0 && (c.HungUp || !x.moved)
	}
	x.moved = false
	if !x.held {
		return err
	}
	x.sysfd = c.Sysfd
	return fd.Lend()
}

func (x *transmission) leave() {
	if x.held {
		x.held = false
		x.view.fd.End(&x.Call, loop.Outcome{}, nil)
	}
}

// do makes what there is to do in a phase, where it may block.
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
		// Of what has a Seek and cannot seek, as a pipe, there is nothing to be told.
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
	if x.view.timeout.Load() == 0 {
		return &ArgError{ArgConflict, "timeout", x.view.Timeout(), "non-blocking sockets are not supported"}
	}
	err = x.send()
	if x.raw != nil && x.sent == 0 && x.refused(err) {
		x.leave() // if there is nothing to be read, there is nothing to wait for
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

// refused says that it is the file from which the system cannot send: sendfile(2), "EINVAL". What
// the socket says is never that, and a failure to read says the same again when the file is read.
func (x *transmission) refused(err error) bool {
	errno, ok := err.(syscall.Errno)
	return ok && x.from >= 0 && slices.Contains(refusals, errno) // a negative offset is the caller's
}

var refusals = []syscall.Errno{syscall.EINVAL, syscall.ENOSYS, syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOTSOCK, syscall.EOVERFLOW,
	syscall.ESPIPE, syscall.EBADF}

// send sends all, in one of the two ways.
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

// open finds out how the file goes.
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
		// It is empty, or its size is not known before it is read: a file of /proc.
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

// ended says why it should not go on, between two calls.
func (x *transmission) ended() error {
	if x.ctx != nil && x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	if x.view.fd.Sysfd() < 0 {
		return net.ErrClosed
	}
	return nil
}

// stopped says why a system call that waits for the peer should end: as ended, and the timeout. A
// deadline of the lane counts when the call is over.
func (x *transmission) stopped() error {
	if err := x.ended(); err != nil {
		return err
	}
	if x.Timeout >= 0 && time.Since(x.began) >= x.Timeout {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// count notes that n bytes went.
func (x *transmission) count(n int) {
	x.sent += int64(n)
	x.moved = x.moved || n > 0
	if x.left > 0 {
		x.left -= int64(n)
		x.over = x.left == 0
	}
}

// copyFrom sends by sendfile(2), from a descriptor that stays open meanwhile, until the socket is
// full, nothing is left, or others should go first.
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
			return // the socket is full: a call would cost more than poll(2) to say so
		}
		if x.failure = x.ended(); x.failure != nil {
			return
		}
	}
}

// forward is copyFrom by reading and sending.
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

// mostEmptyReads is how often a file may give nothing and no error, as for bufio.Reader.
const mostEmptyReads = 100

// errRead is for a file that breaks the rules of io.Reader.
var errRead = errors.New("the file's Read reported more bytes than it was asked for, or less than none")

// read reads a block.
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

// Sendfile is Socket.Sendfile. The file is the operation's until its future is settled, and after
// an error the value is how much went.
func (a Async) Sendfile(file io.Reader, offset, count int64) loop.Future[int64] {
	return a.inTask("sendfile", func(s *Socket) (int64, error) { return s.Sendfile(file, offset, count) })
}
