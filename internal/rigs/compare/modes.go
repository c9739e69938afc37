//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// modes are the ways to wait, and the raw call beside which each is held.
var modes = []string{"goroutine", "context", "task", "future", "callback"}

// runRaw makes the call as C does.
func runRaw(o *operation, c *circumstance, sc *scene) string {
	var meanwhile func()
	if c.meanwhile != nil {
		meanwhile = func() { c.meanwhile(sc) }
	}
	// A descriptor of the thread's own: the scene may end before its next call begins, and its
	// numbers are those of other scenes then.
	fd, err := unix.FcntlInt(uintptr(sc.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err.Error()
	}
	if c.timeout > 0 {
		limitTo(fd, c.timeout)
	}
	r := onThread(func() string {
		defer unix.Close(fd)
		for {
			if r := o.raw(fd, sc); r != "EINTR" { // a program that does not know of the signal calls again
				return r
			}
		}
	}, func() { sc.awaitFirst(o) }, meanwhile)
	if c.timeout > 0 && !o.now {
		return timeoutErrors.Replace(r)
	}
	return r
}

// timeoutErrors are what the kernel's calls return when a timeout has ended them.
var timeoutErrors = strings.NewReplacer("EAGAIN", timedOut, "EINPROGRESS", timedOut, "EALREADY", timedOut, "ETIMEDOUT", timedOut)

// runOurs makes it through pollux, on loop l.
func runOurs(mode string, o *operation, c *circumstance, sc *scene, l *loop.Loop) (string, error) {
	to := addrOf(sc.at)
	// The scene keeps the number, for what happens to the socket itself meanwhile: as if a
	// duplicate did it.
	dup, err := unix.FcntlInt(uintptr(sc.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	s, err := sock.Adopt(dup, sock.Family(sc.kind.family), sock.Type(sc.kind.typ), sock.Protocol(sc.kind.proto))
	if err != nil {
		unix.Close(dup)
		return "", err
	}
	defer s.Close()
	sc.ours = s
	if err := s.Join(l); err != nil {
		return "", err
	}
	if c.timeout > 0 {
		s.SetTimeout(c.timeout)
	}
	result := make(chan string, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	sc.began = time.Now()
	began := make(chan struct{}) // closed when the call is about to be made, and in a callback when it has been
	call := func(v *sock.Socket) {
		close(began)
		result <- o.ours(v, sc, to)
	}
	switch mode {
	case "goroutine":
		go call(s)
	case "context":
		go call(s.With(ctx))
	case "task":
		l.Go(func(t *loop.Task) { call(s.In(t)) })
	case "future":
		wait := o.future(s.Async(), sc, to)
		close(began)
		go func() { result <- wait(ctx) }()
	case "callback":
		h := &handler{o: o, sc: sc, to: to, result: result}
		if err := s.Watch(l, h); err != nil {
			return "", err
		}
		l.Post(func() { h.try(s); close(began) })
	}
	if c.meanwhile != nil {
		// What happens to a call before it is made is another situation: a TCP socket that is shut
		// down and then connects waits, and one that is shut down while it connects gets
		// ECONNRESET.
		<-began
		sc.awaitFirst(o)
		time.Sleep(settle / 3) // the wait itself begins without an event
		c.meanwhile(sc)
	}
	select {
	case r := <-result:
		return r, nil
	case <-time.After(patience):
	}
	tries := sc.tries.Load()
	s.Close()
	select {
	case <-result:
		if tries > mostTries() {
			return fmt.Sprintf("%s, and makes %d attempts meanwhile", waits, tries), nil
		}
		return waits, nil
	case <-time.After(20 * patience):
		return "", errors.New("the call did not end at Close")
	}
}

// A handler makes the call when it is worth an attempt, until one is not refused.
type handler struct {
	o      *operation
	sc     *scene
	to     sock.Addr
	result chan string
	over   bool
}

func (h *handler) try(s *sock.Socket) {
	if h.over {
		return
	}
	r := h.o.ours(s, h.sc, h.to)
	if r == "EAGAIN" && !strings.HasSuffix(h.o.name, "DONTWAIT") || r == "EINPROGRESS" || r == "EALREADY" {
		return
	}
	h.over = true
	h.result <- r
}

func (h *handler) Readable(s *sock.Socket) {
	if h.o.reads {
		h.try(s)
	}
}

func (h *handler) Writable(s *sock.Socket) {
	if !h.o.reads {
		h.try(s)
	}
}

func (h *handler) Closed(*sock.Socket, error) {
	if !h.over {
		h.over = true
		h.result <- waits
	}
}

// bdaddrText is the text of a Bluetooth address, from its bytes on the wire.
func bdaddrText(a [6]byte) string {
	return fmt.Sprintf("%02X:%02X:%02X:%02X:%02X:%02X", a[5], a[4], a[3], a[2], a[1], a[0])
}

// addrOf is sa as pollux writes it.
func addrOf(sa unix.Sockaddr) sock.Addr {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return sock.Inet(netip.AddrFrom4(a.Addr).String(), a.Port)
	case *unix.SockaddrInet6:
		return sock.Inet6(netip.AddrFrom16(a.Addr).String(), a.Port)
	case *unix.SockaddrUnix:
		return sock.Unix(a.Name)
	case *unix.SockaddrLinklayer:
		return sock.Packet("lo", int(a.Protocol>>8|a.Protocol<<8))
	case *unix.SockaddrL2:
		return families.L2CAP(bdaddrText(reversed(a.Addr)), a.PSM, a.CID, a.AddrType)
	case *unix.SockaddrRFCOMM:
		return families.RFCOMM(bdaddrText(a.Addr), uint32(a.Channel))
	case *unix.SockaddrVM:
		return sock.Vsock(a.CID, a.Port)
	case *unix.SockaddrTIPC:
		n := a.Addr.(*unix.TIPCServiceName)
		return sock.TIPCName(n.Type, n.Instance, n.Domain)
	}
	return sock.Addr{}
}
