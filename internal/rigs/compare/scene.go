//go:build linux

package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// socket makes a blocking socket, whose calls end after patience.
func (k *kind) socket() (int, error) {
	fd, err := unix.Socket(k.family, k.typ|unix.SOCK_CLOEXEC, k.proto)
	if err == nil {
		limit(fd)
	}
	return fd, err
}

// caller is a socket that is about to connect.
func (k *kind) caller() (int, error) {
	fd, err := k.socket()
	if err == nil && k.dialer != nil {
		if err = unix.Bind(fd, k.dialer()); err != nil {
			unix.Close(fd)
		}
	}
	return fd, err
}

// limit makes blocking calls end that would wait for ever.
func limit(fd int) { limitTo(fd, patience) }

func limitTo(fd int, d time.Duration) {
	tv := unix.NsecToTimeval(d.Nanoseconds())
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
}

// bound makes a socket with an address, and says where others reach it.
func (k *kind) bound() (fd int, at unix.Sockaddr, err error) {
	if fd, err = k.socket(); err != nil {
		return -1, nil, err
	}
	sa := k.local()
	err = unix.Bind(fd, sa)
	for tries := 0; err == unix.EADDRINUSE && tries < k.ports; tries++ {
		sa = k.local() // that port is still another scene's
		err = unix.Bind(fd, sa)
	}
	if err != nil {
		unix.Close(fd)
		return -1, nil, fmt.Errorf("bind: %w", err)
	}
	if k.named != nil {
		return fd, k.named(sa), nil
	}
	if at, err = unix.Getsockname(fd); err != nil {
		unix.Close(fd)
	}
	return fd, at, err
}

// A scene is the sockets of one run: fd is what the operation is called on.
type scene struct {
	kind    *kind
	fd      int
	peer    int // of a pair
	ln      int // that fd connects to, or is
	at      unix.Sockaddr
	to      unix.Sockaddr // of a kind that is addressed: where fd sends to
	from    unix.Sockaddr // and where its peer sends to
	dead    unix.Sockaddr // where nothing listens
	id      uint32        // of a kind that has numbers in its messages
	link    int           // the interface
	ownLink bool          // which is of this scene alone
	ip      [4]byte       // the address that does
	ours    *sock.Socket  // fd, as pollux has it
	more    []int         // others that are to be closed
	full    int           // bytes, or messages, that fill has sent

	first  sync.Once     // of two calls, is over
	second chan struct{} // closed then

	began time.Time    // when the call began
	tries atomic.Int64 // the attempts of an operation that counts them: see attempted
}

// attempted counts an attempt. Those at the beginning do not count: while other goroutines compute,
// a goroutine that would have to park tries for up to 2 milliseconds (FD.looksAgain of package
// loop).
func (sc *scene) attempted() {
	if time.Since(sc.began) > settle {
		sc.tries.Add(1)
	}
}

// firstOver notes that the first of two calls is over, and returns what came of it.
func (sc *scene) firstOver(result string) string {
	sc.first.Do(func() { close(sc.second) })
	return result
}

// awaitFirst waits until the first of two calls is over, if o has two and what happens meanwhile
// is to happen to the second.
func (sc *scene) awaitFirst(o *operation) {
	if o.first {
		select {
		case <-sc.second:
		case <-time.After(patience):
		}
	}
}

// given is what the peer sends to say text.
func (sc *scene) given(text string) []byte {
	if sc.kind.message != nil {
		return sc.kind.message(sc, text)
	}
	return []byte(text)
}

// sent is what the operations send.
func (sc *scene) sent() []byte {
	if sc.kind.out != nil {
		return sc.kind.out(sc)
	}
	return make([]byte, small)
}

// room is what a receive asks for.
func (sc *scene) room() int {
	if sc.kind.room > 0 {
		return sc.kind.room
	}
	return 8
}

// flags are those of a raw send.
func (sc *scene) flags(flags int) int {
	if sc.kind.plain {
		return flags
	}
	return flags | unix.MSG_NOSIGNAL
}

// explore makes one scene, to find out whether the kernel has the kind, and what it is like.
func (k *kind) explore() error {
	done := make(chan error, 1)
	go func() {
		if k.family == unix.AF_BLUETOOTH && k.connects {
			k.keepLink()
		}
		sc, err := k.scene()
		if err == nil {
			k.learn(sc)
			sc.close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(longest):
		return errEndless
	}
}

// keepLink makes a pair that stays, and with it the link between the controllers: to make one takes
// longer than a pair may.
func (k *kind) keepLink() {
	for range 10 {
		if _, err := k.scene(); err == nil || !errors.Is(err, unix.EAGAIN) {
			return
		}
	}
}

// learn finds out what no circumstance can be of a kind.
func (k *kind) learn(sc *scene) {
	k.noShutdown = unix.Shutdown(sc.peer, unix.SHUT_WR) == unix.EOPNOTSUPP || k.addressed && k.family == unix.AF_INET
	if k.endless {
		return
	}
	fresh, err := k.scene()
	if err != nil {
		return
	}
	defer fresh.close()
	fill(fresh)
	k.endless = fresh.full < 0
}

// scene is a pair, made as the kind makes it.
func (k *kind) scene() (sc *scene, err error) {
	if k.make != nil {
		return k.make(k)
	}
	for range k.ports + 1 {
		if sc, err = k.pair(); !errors.Is(err, unix.EBUSY) {
			break // else the kernel still closes the last connection to that RFCOMM channel
		}
	}
	return sc, err
}

// close closes the peer first: a TIPC connection whose peer takes nothing more waits 8 seconds in
// its close (__tipc_shutdown of net/tipc/socket.c).
func (sc *scene) close() {
	for _, fd := range append(sc.more, sc.peer, sc.fd, sc.ln) {
		if fd >= 0 {
			sc.kind.settled(fd)
			unix.Close(fd)
		}
	}
	if sc.ownLink {
		removeLink(sc.link)
	}
}

// settled waits until a Bluetooth socket does not connect any more. The other end keeps the channel
// of one that is closed before: its number is refused to the next connect then (l2cap_chan_close
// and l2cap_connect of net/bluetooth/l2cap_core.c).
func (k *kind) settled(fd int) {
	if k.family != unix.AF_BLUETOOTH || !k.connects {
		return
	}
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && listens == 0 {
		unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(patience.Milliseconds()))
	}
}

// closeOne closes one of the descriptors early.
func closeOne(fd *int) {
	unix.Close(*fd)
	*fd = -1
}

// pair is two sockets that are connected to each other.
func (k *kind) pair() (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	if !k.connects {
		a, atA, err := k.bound()
		if err != nil {
			return nil, err
		}
		b, atB, err := k.bound()
		if err != nil {
			unix.Close(a)
			return nil, err
		}
		sc.fd, sc.peer = a, b
		if k.addressed {
			sc.to = atB
		} else {
			err = unix.Connect(a, atB)
		}
		if err == nil {
			err = unix.Connect(b, atA)
		}
		if err != nil {
			sc.close()
			return nil, err
		}
		if k.typ == unix.SOCK_RAW && isInet(k) {
			empty(a)
			empty(b)
		}
		return sc, nil
	}
	sc, err := k.listener()
	if err != nil {
		return nil, err
	}
	fd, err := k.caller()
	if err != nil {
		sc.close()
		return nil, err
	}
	ln := sc.ln
	sc.fd, sc.ln = fd, -1
	defer unix.Close(ln)
	unix.SetNonblock(fd, true) // a TIPC connect ends with the accept
	if err = unix.Connect(fd, sc.at); err == nil || err == unix.EINPROGRESS {
		if sc.peer, _, err = unix.Accept(ln); err == nil {
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(patience.Milliseconds()))
			err = unix.Connect(fd, sc.at)
			switch {
			case err == unix.EISCONN, k.family == unix.AF_TIPC && err == unix.EINVAL, k.family == unix.AF_BLUETOOTH && err == unix.EBADFD:
				err = nil
			}
		}
	}
	unix.SetNonblock(fd, false)
	if err != nil {
		sc.close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	limit(sc.peer)
	return sc, nil
}

// empty drops what has arrived. A raw socket gets the packets of all scenes until it is bound.
func empty(fd int) {
	p := make([]byte, 64)
	for err := error(nil); err == nil || err == unix.EINTR; {
		_, err = recvfrom(fd, p, unix.MSG_DONTWAIT, false)
	}
}

// listener is a listener, as ln, and no other socket yet.
func (k *kind) listener() (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	ln, at, err := k.bound()
	if err != nil {
		return nil, err
	}
	if sc.ln, sc.at = ln, at; true {
		err = unix.Listen(ln, 1)
	}
	if err != nil {
		sc.close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return sc, nil
}
