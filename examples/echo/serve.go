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

// drainPatience is how long the peers may take for what is still theirs when the server ends.
const drainPatience = 10 * time.Second

// serve echoes until ctx ends; a child, until its standard input does.
func serve(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	if o.child {
		// An interrupt from the terminal goes to us too, but our parent still needs us then.
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
	// Before the listener is closed: until then nobody else's file can be taken for ours.
	file.remove()
	drained := s.Drain(o.patience)
	if errors.Is(drained, echo.ErrCutOff) && !o.child {
		fmt.Fprintln(stderr, drained) // it has ended as it was told to, and that was the peers' doing
		drained = nil
	}
	return errors.Join(err, drained)
}

// askMemory asks a child for its memory, on its standard input.
const askMemory = "memory\n"

// untilEnd is a context that ends where r ends. Each line of r is a question for the memory.
func untilEnd(r io.Reader, answers io.Writer) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer cancel() // an error is an end too
		for lines := bufio.NewScanner(r); lines.Scan(); {
			fmt.Fprintln(answers, memoryInUse())
		}
	}()
	return ctx
}

// memoryInUse is how many bytes this program needs for what lives: objects on the heap, and stacks.
// It is not what the process occupies: to that the runtime adds room for what is not collected yet,
// and the kernel its own structures.
func memoryInUse() int64 {
	runtime.GC()
	runtime.GC() // the first one moves pools aside, and this one empties them
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// listen begins to serve. The file of a Unix socket that a server which was killed has left behind
// is replaced.
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
		return nil, fmt.Errorf("somebody listens on %s already: end that, or listen elsewhere", path)
	}
	if err := os.Remove(path); err != nil {
		return nil, fmt.Errorf("%s is left from a server that ended, and is in the way: %w", path, err)
	}
	return echo.Listen(cfg)
}

// refused says whether nobody listens on a Unix address.
func refused(a sock.Addr) bool {
	s, err := sock.New(sock.AF_UNIX, sock.SOCK_STREAM, 0)
	if err != nil {
		return false
	}
	defer s.Close()
	s.SetTimeout(time.Second)
	return errors.Is(s.Connect(a), syscall.ECONNREFUSED)
}

// A socketFile is the file that bind has made for a Unix address.
type socketFile struct {
	path string
	info fs.FileInfo // nil: there is none
}

func boundFile(a sock.Addr) socketFile {
	f := socketFile{path: a.Path()}
	if a.Kind() == families.KindUnix {
		f.info, _ = os.Lstat(f.path) // an abstract name has no file
	}
	return f
}

// remove removes the file, unless another has come to its place.
func (f socketFile) remove() {
	if f.info == nil {
		return
	}
	if now, err := os.Lstat(f.path); err == nil && os.SameFile(f.info, now) {
		os.Remove(f.path)
	}
}
