//go:build unix

package protocol

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// Listeners pass from process to process as systemd does it, sd_listen_fds(3): LISTEN_FDS says how
// many there are, from descriptor 3 on, and LISTEN_PID for which process. A parent that is not
// systemd does not know the number of its child before it runs; HandOver says its own instead, in
// listenParent.
const (
	firstInherited = 3 // SD_LISTEN_FDS_START of <systemd/sd-daemon.h>
	listenParent   = "POLLUX_LISTEN_PPID"
	readyFD        = "POLLUX_READY_FD"
)

// Inherited returns the listeners that systemd, or HandOver of the predecessor, has passed to this
// process, in their order. Give each to Server.Serve. The result is empty if there are no such
// listeners, and at a second call.
//
// Errors: an environment variable that is not a number; a descriptor that is not a socket. Then the
// descriptors stay as they are.
func Inherited() ([]*sock.Socket, error) {
	text, has := os.LookupEnv("LISTEN_FDS")
	if !has || os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) && os.Getenv(listenParent) != strconv.Itoa(os.Getppid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 1<<16 {
		return nil, &OptionError{"LISTEN_FDS", text, "must be a number of descriptors"}
	}
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", listenParent} {
		os.Unsetenv(name)
	}
	var list []*sock.Socket
	for fd := firstInherited; fd < firstInherited+n; fd++ {
		s, err := sock.Adopt(fd, -1, -1, -1)
		if err != nil {
			for _, s := range list {
				s.Detach()
			}
			return nil, fmt.Errorf("protocol: inherited descriptor %d: %w", fd, err)
		}
		list = append(list, s)
	}
	for _, s := range list {
		s.SetInheritable(false)
	}
	return list, nil
}

// NotifyReady reports to the predecessor that this process serves, if HandOver has started this
// process. HandOver waits for that. Call it once the server listens on the result of Inherited.
// Without a predecessor it does nothing.
func NotifyReady() error {
	text, has := os.LookupEnv(readyFD)
	if !has {
		return nil
	}
	os.Unsetenv(readyFD)
	fd, err := strconv.Atoi(text)
	if err != nil || fd < firstInherited {
		return &OptionError{readyFD, text, "must be the number of a descriptor"}
	}
	f := os.NewFile(uintptr(fd), readyFD)
	defer f.Close()
	_, err = f.Write([]byte{1})
	return err
}

// HandOver starts a successor process with the listeners of this one. It returns when the successor
// has called NotifyReady. From then on both processes accept, and after Shutdown only the
// successor. No connection in the backlog is lost. cmd has the program, its arguments and its
// environment (nil: that of this process); its ExtraFiles must be empty. HandOver starts cmd, and
// the caller waits for it.
//
// Errors: those of exec.Cmd.Start; ErrNotReady if the successor ends, or closes its end, before it
// is ready; the cause of ctx; net.ErrClosed after Shutdown and Close; loop.ErrOnLoop in a callback.
// After an error the successor has ended, HandOver has waited for it, and this process serves
// alone.
func (s *Server) HandOver(ctx context.Context, cmd *exec.Cmd) error {
	if err := s.made("hand over"); err != nil {
		return err
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if cmd == nil {
		return &OptionError{"HandOver", nil, "must be a command"}
	}
	if len(cmd.ExtraFiles) > 0 {
		return &OptionError{"ExtraFiles", len(cmd.ExtraFiles), "must be empty: the listeners take their place"}
	}
	if err := loop.MayBlock(); err != nil {
		return err
	}
	ready, theirs, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	files, err := s.files()
	files = append(files, theirs)
	if err == nil {
		cmd.ExtraFiles = files
		if cmd.Env == nil {
			cmd.Env = os.Environ()
		}
		n := len(files) - 1
		cmd.Env = append(cmd.Env, "LISTEN_PID=", fmt.Sprintf("LISTEN_FDS=%d", n), fmt.Sprintf("%s=%d", listenParent, os.Getpid()),
			fmt.Sprintf("%s=%d", readyFD, firstInherited+n))
		err = cmd.Start()
	}
	for _, f := range files {
		f.Close()
	}
	if err != nil {
		return fmt.Errorf("protocol: hand over: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { ready.Close() })
	defer stop()
	if n, _ := ready.Read(make([]byte, 1)); n == 1 {
		return nil
	}
	cmd.Process.Kill()
	cmd.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("protocol: hand over: %w", context.Cause(ctx))
	}
	return ErrNotReady
}

// ErrNotReady is returned by HandOver if the successor ends before it is ready.
var ErrNotReady = errors.New("protocol: hand over: the successor has ended before it was ready")

// files returns duplicates of the listeners. They stay non-blocking: os.File leaves a descriptor so
// that was so before.
func (s *Server) files() ([]*os.File, error) {
	s.lmu.Lock()
	defer s.lmu.Unlock()
	if s.state != open {
		return nil, errClosed
	}
	var files []*os.File
	for _, l := range s.listeners {
		dup, err := l.socket.Dup()
		if errors.Is(err, errClosed) {
			continue // it has ended, and Closed is yet to be called
		}
		if err != nil {
			return files, err
		}
		files = append(files, os.NewFile(uintptr(dup.Detach()), "listener"))
	}
	return files, nil
}
