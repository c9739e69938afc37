package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// A senderConfig is the arguments of "bench sender".
type senderConfig struct {
	file       *os.File
	size       int    // of a buffer
	congestion string // control of TCP; "": the system's
}

// buffers are a message.
func (c senderConfig) buffers() [][]byte {
	var list [][]byte
	for i := range sendBuffers {
		list = append(list, patternAt(uint64(i*c.size), c.size))
	}
	return list
}

// sender is one process that sends: it listens, takes one connection, and for each number of 8
// bytes that comes sends so many bytes of the file, or so many messages. It ends with its stdin.
func sender(args []string, stdout, stderr io.Writer) error {
	var cfg senderConfig
	fs := flag.NewFlagSet("sender", flag.ContinueOnError)
	name := fs.String("impl", sendfileNet, "how to send")
	path := fs.String("file", "", "the file to send")
	procs := fs.Int("procs", 1, "GOMAXPROCS")
	fs.IntVar(&cfg.size, "size", 64, "bytes of a buffer")
	fs.StringVar(&cfg.congestion, "congestion", "", "congestion control, or the system's")
	if helped, err := parseFlags(fs, args, stdout); helped || err != nil {
		return err
	}
	run, ok := map[string]func(senderConfig, io.Writer) error{
		sendfileGoroutine: senderOf(sendfileByGoroutine),
		sendfileTask:      senderInTask(sendfileByGoroutine),
		sendfileFuture:    senderOf(sendfileByFuture),
		sendfileNet:       senderOfNet(sendfileByNet),
		sendfileReadWrite: senderOfNet(sendfileByReadWrite),
		sendmsgGoroutine:  senderOf(sendGathered),
		sendmsgTask:       senderInTask(sendGathered),
		sendSends:         senderOf(sendOneByOne),
		sendNetBuffers:    senderOfNet(sendNetGathered),
		sendNetWrites:     senderOfNet(sendNetOneByOne),
	}[*name]
	switch {
	case !ok:
		return usageError(fmt.Sprintf("sender: -impl: unknown %q", *name))
	case *procs < 1 || cfg.size < 1:
		return usageError("sender: -procs and -size want 1 or more")
	}
	withoutGnet()
	runtime.GOMAXPROCS(*procs)
	if *path != "" {
		f, err := os.Open(*path)
		if err != nil {
			return err
		}
		defer f.Close()
		cfg.file = f
	}
	failed := make(chan error, 1)
	go func() { failed <- run(cfg, stdout) }()
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, os.Stdin) // an error ends it as the end does
		close(ended)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("sender %s: %w", *name, err)
	case <-ended:
		return nil
	}
}

// senderOf listens with pollux and sends with a goroutine that waits.
func senderOf(send func(s *sock.Socket, cfg senderConfig, amount int64) error) func(senderConfig, io.Writer) error {
	return func(cfg senderConfig, stdout io.Writer) error {
		return withPollux(cfg, stdout, func(s *sock.Socket) error { return answer(s, cfg, send) })
	}
}

// senderInTask is senderOf with a task.
func senderInTask(send func(s *sock.Socket, cfg senderConfig, amount int64) error) func(senderConfig, io.Writer) error {
	return func(cfg senderConfig, stdout io.Writer) error {
		return withPollux(cfg, stdout, func(s *sock.Socket) error {
			r, err := loop.Default()
			if err != nil {
				return err
			}
			task := r.Next().Go(func(t *loop.Task) { err = answer(s.In(t), cfg, send) })
			return errors.Join(task.Wait(context.Background()), err)
		})
	}
}

func withPollux(cfg senderConfig, stdout io.Writer, serve func(*sock.Socket) error) error {
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		return err
	}
	if err := setCongestion(ln.Fileno(), cfg.congestion); err != nil {
		return err
	}
	addr, err := ln.Getsockname()
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", addr)
	s, _, err := ln.Accept()
	if err != nil {
		return err
	}
	if err := s.Setsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY, 1); err != nil { // as package net does
		return err
	}
	return serve(s)
}

func answer(s *sock.Socket, cfg senderConfig, send func(s *sock.Socket, cfg senderConfig, amount int64) error) error {
	var request [8]byte
	for {
		n, err := s.RecvInto(request[:], sock.MSG_WAITALL)
		if n < len(request) || err != nil {
			return err
		}
		if err := send(s, cfg, int64(binary.LittleEndian.Uint64(request[:]))); err != nil {
			return err
		}
	}
}

func sendfileByGoroutine(s *sock.Socket, cfg senderConfig, amount int64) error {
	_, err := s.Sendfile(cfg.file, 0, amount)
	return err
}

func sendfileByFuture(s *sock.Socket, cfg senderConfig, amount int64) error {
	_, err := s.Async().Sendfile(cfg.file, 0, amount).Wait(context.Background())
	return err
}

func sendGathered(s *sock.Socket, cfg senderConfig, amount int64) error {
	list := cfg.buffers()
	rest := make([][]byte, sendBuffers)
	for range amount {
		n, err := s.Sendmsg(list, nil, 0, sock.Addr{})
		if err == nil && n < sendBuffers*cfg.size {
			err = sendRest(s, append(rest[:0], list...), n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sendRest sends what of a message did not go.
func sendRest(s *sock.Socket, list [][]byte, n int) error {
	for {
		for len(list) > 0 && n >= len(list[0]) {
			n -= len(list[0])
			list = list[1:]
		}
		if len(list) == 0 {
			return nil
		}
		list[0] = list[0][n:]
		var err error
		if n, err = s.Sendmsg(list, nil, 0, sock.Addr{}); err != nil {
			return err
		}
	}
}

func sendOneByOne(s *sock.Socket, cfg senderConfig, amount int64) error {
	list := cfg.buffers()
	for range amount {
		for _, p := range list {
			if _, err := s.Sendall(p, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// senderOfNet is senderOf with package net.
func senderOfNet(send func(c *net.TCPConn, cfg senderConfig, amount int64) error) func(senderConfig, io.Writer) error {
	return func(cfg senderConfig, stdout io.Writer) error {
		lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
			var failed error
			err := c.Control(func(fd uintptr) { failed = setCongestion(int(fd), cfg.congestion) })
			return errors.Join(err, failed)
		}}
		ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, "listening on", ln.Addr())
		c, err := ln.Accept()
		if err != nil {
			return err
		}
		var request [8]byte
		for {
			if _, err := io.ReadFull(c, request[:]); err != nil {
				return err
			}
			if err := send(c.(*net.TCPConn), cfg, int64(binary.LittleEndian.Uint64(request[:]))); err != nil {
				return err
			}
		}
	}
}

func sendfileByNet(c *net.TCPConn, cfg senderConfig, amount int64) error {
	if _, err := cfg.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := c.ReadFrom(&io.LimitedReader{R: cfg.file, N: amount})
	return err
}

// readWriteBuffer is what io.Copy takes.
const readWriteBuffer = 32 << 10

func sendfileByReadWrite(c *net.TCPConn, cfg senderConfig, amount int64) error {
	buf := make([]byte, readWriteBuffer)
	for at := int64(0); at < amount; {
		n, err := cfg.file.ReadAt(buf[:min(int64(len(buf)), amount-at)], at)
		if n == 0 && err != nil {
			return err
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
	}
	return nil
}

func sendNetGathered(c *net.TCPConn, cfg senderConfig, amount int64) error {
	list := cfg.buffers()
	room := make([][]byte, sendBuffers)
	for range amount {
		v := net.Buffers(append(room[:0], list...)) // WriteTo uses it up
		if _, err := v.WriteTo(c); err != nil {
			return err
		}
	}
	return nil
}

func sendNetOneByOne(c *net.TCPConn, cfg senderConfig, amount int64) error {
	list := cfg.buffers()
	for range amount {
		for _, p := range list {
			if _, err := c.Write(p); err != nil {
				return err
			}
		}
	}
	return nil
}
