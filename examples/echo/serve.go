package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
)

// drainPatience is how long the peers may take to receive their answers when the server ends.
const drainPatience = 10 * time.Second

// serve echoes until ctx ends. A child echoes until its standard input ends.
func serve(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	if o.child {
		// An interrupt from the terminal reaches this process too, but the parent still needs it
		// then.
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		ctx = untilEnd(os.Stdin, stdout)
	}
	s, err := listen(echo.Config{Mode: o.mode, Addr: o.listen.addr, Datagram: o.listen.datagram, Loops: o.loops})
	if err != nil {
		return err
	}
	file := boundFile(o.listen.addr)
	addr, err := s.Addr()
	if err == nil {
		_, err = fmt.Fprintln(stdout, "listening on", endpoint{addr, o.listen.datagram})
	}
	if err == nil {
		<-ctx.Done()
	}
	// Before the listener is closed: while it listens, no other server can replace its file.
	file.remove()
	drained := s.Drain(o.patience)
	if errors.Is(drained, echo.ErrCutOff) && !o.child {
		fmt.Fprintln(stderr, drained) // no error of the server: it ended as ordered, and its peers did not receive their answers
		drained = nil
	}
	return errors.Join(err, drained)
}

// askMemory asks a child for its memory, on its standard input.
const askMemory = "memory\n"

// untilEnd returns a context that ends at the end of r. Each line of r is a request for the memory.
func untilEnd(r io.Reader, answers io.Writer) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel() // after an error too
		for lines := bufio.NewScanner(r); lines.Scan(); {
			fmt.Fprintln(answers, memoryInUse())
		}
	}()
	return ctx
}

// memoryInUse returns how many bytes the live data of this program needs: objects on the heap, and
// stacks. The process occupies more: the runtime adds room for garbage, and the kernel adds its own
// structures.
func memoryInUse() int64 {
	runtime.GC()
	runtime.GC() // the first GC moves pools aside, and this one empties them
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// listen begins to serve. It replaces the file of a Unix socket that a killed server has left.
func listen(cfg echo.Config) (*echo.Server, error) {
	s, err := echo.Listen(cfg)
	path := cfg.Addr.Path()
	if path == "" || !errors.Is(err, syscall.EADDRINUSE) {
		return s, err
	}
	switch info, statErr := os.Lstat(path); {
	case statErr != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("%s exists and is no socket: remove it, or listen elsewhere", path)
	case !refused(cfg.Addr):
		return nil, fmt.Errorf("another program listens on %s already: end that, or listen elsewhere", path)
	}
	if err := os.Remove(path); err != nil {
		return nil, fmt.Errorf("%s is left from a server that ended, and is in the way: %w", path, err)
	}
	return echo.Listen(cfg)
}

// refused reports whether a Unix address refuses connections, because no program listens there.
func refused(a sock.Addr) bool {
	s, err := sock.New(sock.AF_UNIX, sock.SOCK_STREAM, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	s.SetTimeout(time.Second)
	return errors.Is(s.Connect(a), syscall.ECONNREFUSED)
}

// A socketFile is the file that bind made for a Unix address.
type socketFile struct {
	path string
	info fs.FileInfo // nil: the address has no file
}

func boundFile(a sock.Addr) socketFile {
	f := socketFile{path: a.Path()}
	if a.Kind() == families.KindUnix {
		f.info, _ = os.Lstat(f.path) // an abstract name has no file
	}
	return f
}

// remove removes the file, unless another file has taken its place.
func (f socketFile) remove() {
	if f.info == nil {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(f.info, now) {
		os.Remove(f.path)
	}
}
