package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// live has a neighbour live until a moment. Those that are driven from outside need nothing done.
func (h *host) live(name string, until time.Time) error {
	switch name {
	case neighbourChannel:
		h.pingPong(until)
	case neighbourTimer:
		h.timer(until)
	case neighbourGC:
		h.collect(until)
	case neighbourFile:
		return h.readFile(until)
	case neighbourExec:
		return h.execute(until)
	case neighbourCgo:
		return h.call(until)
	case "", neighbourNet, neighbourHTTP, neighbourWoken:
		time.Sleep(time.Until(until)) // the load generator drives them
	default:
		return fmt.Errorf("unknown neighbour %q", name)
	}
	return nil
}

// pingPong passes a token between two goroutines. Its wait is the way there and back.
func (h *host) pingPong(until time.Time) {
	ping, pong := make(chan struct{}), make(chan struct{})
	defer close(ping)
	go func() {
		for range ping {
			pong <- struct{}{}
		}
	}()
	for last := time.Now(); last.Before(until); {
		ping <- struct{}{}
		<-pong
		now := time.Now()
		h.waits.add(now, now.Sub(last))
		last = now
	}
}

// timerPeriod is how often the timer fires.
const timerPeriod = time.Millisecond

// timer sets a timer anew each time that it has fired. Its wait is how late the goroutine runs.
func (h *host) timer(until time.Time) {
	t := time.NewTimer(timerPeriod)
	due := time.Now().Add(timerPeriod)
	for due.Before(until) {
		t.Reset(time.Until(due))
		<-t.C
		now := time.Now()
		h.waits.add(now, now.Sub(due))
		// After a delay the next one is not due at once: a timer is no queue.
		due = now.Add(timerPeriod)
	}
}

// gcPause is between two collections.
const gcPause = 2 * time.Millisecond

// collect collects garbage again and again. Its wait is what a collection takes.
func (h *host) collect(until time.Time) {
	for begin := time.Now(); begin.Before(until); begin = time.Now() {
		runtime.GC()
		now := time.Now()
		h.waits.add(now, now.Sub(begin))
		time.Sleep(gcPause)
	}
}

const (
	fileChunk = 64 << 10
	filePause = 100 * time.Microsecond
)

// readFile reads a file that is in memory, chunk after chunk. Its wait is what a read takes, and
// the way back from it: Go takes the processor away from a goroutine in a system call if others
// need it.
func (h *host) readFile(until time.Time) error {
	buf := make([]byte, fileChunk)
	at := int64(0)
	for begin := time.Now(); begin.Before(until); begin = time.Now() {
		n, err := h.file.ReadAt(buf, at)
		if err != nil && err != io.EOF {
			return err
		}
		now := time.Now()
		h.waits.add(now, now.Sub(begin))
		if at += int64(n); err == io.EOF {
			at = 0
		}
		time.Sleep(filePause)
	}
	return nil
}

// execute runs a program that does nothing. Its wait is from the start until the end is known.
func (h *host) execute(until time.Time) error {
	for begin := time.Now(); begin.Before(until); begin = time.Now() {
		if err := exec.Command("true").Run(); err != nil {
			return err
		}
		now := time.Now()
		h.waits.add(now, now.Sub(begin))
	}
	return nil
}

// callC is a call into C that sleeps 100 us there. It is nil in a program that was built without
// cgo.
var callC func()

// call calls C again and again. Its wait is what a call takes, and the way back from it: Go takes
// the processor away from a goroutine in C as from one in a system call.
func (h *host) call(until time.Time) error {
	if callC == nil {
		return errors.New("this program was built without cgo")
	}
	for begin := time.Now(); begin.Before(until); begin = time.Now() {
		callC()
		now := time.Now()
		h.waits.add(now, now.Sub(begin))
	}
	return nil
}

// serveNeighbourNet is an echo server of package net beside the traffic.
func (h *host) serveNeighbourNet() (string, error) {
	return netServer(func(c net.Conn) { echoNet(c, serveConfig{Buffer: defaultBuffer}) })
}

// netServer accepts with package net until the process ends, and serves each connection on a
// goroutine of its own. It returns the address.
func netServer(serve func(c net.Conn)) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // only with the process
			}
			go serve(c)
		}
	}()
	return l.Addr().String(), nil
}

// serveNeighbourHTTP is a small web server beside the traffic.
func (h *host) serveNeighbourHTTP() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, httpBody) }))
	return l.Addr().String(), nil
}

// httpBody is what it answers; the load generator knows the end of an answer by it.
const httpBody = "a small page\n"

// serveWoken is a connection, served as the traffic is, on a loop of its own. For each message
// that comes it answers, and then makes a goroutine ready through a channel. The wait of this
// neighbour is from the send on the channel until the goroutine runs.
func (h *host) serveWoken(mode string, failed chan<- error) (string, error) {
	ready := make(chan time.Time, 1)
	go func() {
		for at := range ready {
			now := time.Now()
			h.waits.add(now, now.Sub(at))
		}
	}()
	wake := func() {
		select {
		case ready <- time.Now():
		default: // it is ready since the last message, and its wait goes on
		}
	}
	if mode == peerNet {
		return serveWokenNet(wake)
	}
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		return "", err
	}
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		return "", err
	}
	if err := ln.Join(r.Next()); err != nil {
		return "", err
	}
	addr, err := ln.Getsockname()
	if err != nil {
		return "", err
	}
	go func() {
		for {
			s, _, err := ln.Accept()
			if err == nil {
				err = wokenBy(mode, s, r.Next(), wake)
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	return addr.String(), nil
}

func serveWokenNet(wake func()) (string, error) {
	return netServer(func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, defaultBuffer)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			if _, err := c.Write(buf[:n]); err != nil {
				return
			}
			wake()
		}
	})
}

// wokenBy serves a connection in one of pollux's modes. Messages are small: a send never waits.
func wokenBy(mode string, s *sock.Socket, l *loop.Loop, wake func()) error {
	buf := make([]byte, defaultBuffer)
	serve := func(s *sock.Socket) {
		for {
			n, err := s.RecvInto(buf, 0)
			if err == sock.ErrWouldBlock {
				return
			}
			if err == nil && n > 0 {
				_, err = s.Sendall(buf[:n], 0)
			}
			if n == 0 || err != nil {
				s.Close()
				return
			}
			wake()
		}
	}
	switch mode {
	case "callback":
		return s.Watch(l, watcher(serve))
	case "task":
		l.Go(func(t *loop.Task) { serve(s.In(t)) })
	case "goroutine":
		if err := s.Join(l); err != nil {
			return err
		}
		go serve(s)
	case "future":
		if err := s.Join(l); err != nil {
			return err
		}
		echoFuture(s, buf, wake)
	default:
		return fmt.Errorf("woken: unknown mode %q", mode)
	}
	return nil
}
