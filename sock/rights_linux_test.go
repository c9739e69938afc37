package sock_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A message with descriptors that arrives while its wait is canceled is received by that call or by
// the next one. Neither the message nor a descriptor is ever lost.
func TestRightsAndCancel(t *testing.T) {
	socktest.EachCanceler(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		socktest.Must(t, a.SetTimeout(socktest.Patience))
		socktest.Must(t, a.Join(nil))
		before := openFiles(t)
		taken, canceled := 0, 0
		for i := range 200 {
			call := socktest.Start(func() error {
				data, items, _, _, err := w.On(a).Recvmsg(1, 64, sock.MSG_CMSG_CLOEXEC)
				if err != nil {
					return err
				}
				return closeRights(data, items)
			})
			// Sometimes the message is first, sometimes the cancel.
			for range i % 7 {
				runtime.Gosched()
			}
			var both sync.WaitGroup
			both.Go(w.Cancel)
			both.Go(func() { b.SendFds([][]byte{{'x'}}, []int{b.Fileno(), b.Fileno()}, 0) })
			both.Wait()
			switch err := call.Wait(t); {
			case err == nil:
				taken++
			case errors.Is(err, context.Canceled):
				canceled++
				data, items, _, _, err := a.Recvmsg(1, 64, sock.MSG_CMSG_CLOEXEC)
				socktest.Must(t, err)
				socktest.Must(t, closeRights(data, items))
			default:
				t.Fatal(err)
			}
		}
		if n := openFiles(t); n != before {
			t.Errorf("%d descriptors are open, %d were; %d received and %d canceled", n, before, taken, canceled)
		}
	})
}

func closeRights(data []byte, items []sock.Control) error {
	if len(data) != 1 || len(items) != 1 {
		return errors.New("not what was sent")
	}
	fds, ok := items[0].Rights()
	if !ok || len(fds) != 2 {
		return errors.New("not the descriptors that were sent")
	}
	return errors.Join(sock.Close(fds[0]), sock.Close(fds[1]))
}

// A timeout and a message race in the same way.
func TestRightsAndTimeout(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UnixStream.Pair(t)
		socktest.Must(t, a.Join(nil))
		before := openFiles(t)
		for i := range 20 {
			socktest.Must(t, a.SetTimeout(time.Duration(1+i%3)*time.Millisecond))
			sent := make(chan struct{})
			time.AfterFunc(time.Duration(i%4)*time.Millisecond, func() {
				b.SendFds([][]byte{{'x'}}, []int{b.Fileno(), b.Fileno()}, 0)
				close(sent)
			})
			data, items, _, _, err := w.On(a).Recvmsg(1, 64, sock.MSG_CMSG_CLOEXEC)
			<-sent
			if errors.Is(err, os.ErrDeadlineExceeded) {
				socktest.Must(t, a.SetTimeout(socktest.Patience))
				data, items, _, _, err = a.Recvmsg(1, 64, sock.MSG_CMSG_CLOEXEC)
			}
			socktest.Must(t, err)
			socktest.Must(t, closeRights(data, items))
		}
		if n := openFiles(t); n != before {
			t.Errorf("%d descriptors are open, %d were", n, before)
		}
	})
}

// A message that no call has received is dropped with its socket, and the system closes its
// descriptors.
func TestRightsNotReceived(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	c, d := socktest.UnixStream.Pair(t)
	socktest.Must(t, wantN(5)(b.SendFds([][]byte{hello}, []int{c.Fileno()}, 0)))
	socktest.Must(t, c.Close())
	socktest.Must(t, d.SetTimeout(socktest.Patience))
	if p, err := d.Recv(1, sock.MSG_DONTWAIT); !errors.Is(err, sock.ErrWouldBlock) {
		t.Errorf("%q, %v: no call took it, but c is in the message", p, err)
	}
	socktest.Must(t, a.Close())
	socktest.Must(t, wantBytes("")(d.Recv(1, 0)))
}

// RecvFds closes the descriptor of the sender's process that SO_PASSPIDFD adds, because its caller
// does not get it.
func TestRecvFdsLeavesNoPidFD(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	if err := a.Setsockopt(sock.SOL_SOCKET, unix.SO_PASSPIDFD, 1); err != nil {
		t.Skip("SO_PASSPIDFD came with Linux 6.5:", err)
	}
	before := openFiles(t)
	socktest.Must(t, wantN(5)(b.SendFds([][]byte{hello}, []int{b.Fileno()}, 0)))
	data, fds, _, _, err := a.RecvFds(10, 20, 0)
	if string(data) != "hello" || len(fds) != 1 || err != nil {
		t.Fatalf("%q, %v, %v", data, fds, err)
	}
	socktest.Must(t, sock.Close(fds[0]))
	if n := openFiles(t); n != before {
		t.Errorf("%d descriptors are open, %d were", n, before)
	}
}

// SendFds and RecvFds use one item of SCM_RIGHTS and ignore other items: items 116, 117.
func TestRightsAmongOthers(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UnixStream.Pair(t)
	setInt(t, a, sock.SOL_SOCKET, sock.SO_PASSCRED)
	before := openFiles(t)
	socktest.Must(t, wantN(5)(b.SendFds([][]byte{hello}, []int{b.Fileno(), a.Fileno()}, 0)))
	data, fds, flags, _, err := a.RecvFds(10, 20, 0)
	if string(data) != "hello" || len(fds) != 2 || flags&sock.MSG_CTRUNC != 0 || err != nil {
		t.Fatalf("%q, %v, %#x, %v", data, fds, flags, err)
	}
	for _, fd := range fds {
		socktest.Must(t, sock.Close(fd))
	}
	if n := openFiles(t); n != before {
		t.Errorf("%d descriptors are open, %d were", n, before)
	}
	// No descriptors make a message without descriptors.
	socktest.Must(t, wantN(5)(b.SendFds([][]byte{hello}, nil, 0)))
	if data, fds, _, _, err := a.RecvFds(10, 20, 0); string(data) != "hello" || len(fds) != 0 || err != nil {
		t.Errorf("%q, %v, %v", data, fds, err)
	}
	// A descriptor that does not exist, and more descriptors than a message can hold.
	none := []int{-1, math.MaxInt &^ 0xff}
	if strconv.IntSize == 64 {
		none = append(none, math.MaxInt&^math.MaxUint32|b.Fileno()) // its lower half is a descriptor
	}
	for _, fd := range none {
		if _, err := b.SendFds([][]byte{hello}, []int{fd}, 0); !errors.Is(err, syscall.EBADF) {
			t.Errorf("%#x: %v, want EBADF", fd, err)
		}
	}
	many := make([]int, 254)
	if _, err := b.SendFds([][]byte{hello}, many, 0); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ETOOMANYREFS) {
		t.Errorf("%v, want EINVAL", err)
	}
	// A partial int at the end is dropped.
	part := sock.Rights{5, 6}.Control()
	part.Data = part.Data[:7]
	if got, ok := part.Rights(); !ok || len(got) != 1 || got[0] != 5 {
		t.Errorf("%v, %v", got, ok)
	}
}

// Descriptors cross: items 111, 113, 116, 117.
func TestFdsCross(t *testing.T) {
	a, b := unixPair(t, sock.SOCK_STREAM)
	path := filepath.Join(socktest.Dir(t), "file")
	if err := os.WriteFile(path, []byte("what the file says"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fd := int(f.Fd())
	if n, err := a.SendFds([][]byte{[]byte("two")}, []int{fd, fd}, 0); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	data, fds, flags, _, err := b.RecvFds(10, 2, 0)
	if string(data) != "two" || len(fds) != 2 || flags&sock.MSG_CTRUNC != 0 || err != nil {
		t.Fatal(data, fds, flags, err)
	}
	for _, fd := range fds {
		g := os.NewFile(uintptr(fd), path)
		text := make([]byte, 100)
		n, err := g.ReadAt(text, 0)
		if string(text[:n]) != "what the file says" || err != io.EOF {
			t.Errorf("%q, %v", text[:n], err)
		}
		g.Close()
	}
	// There is room for fewer descriptors: the system closes the others and reports it.
	before := openFiles(t)
	a.SendFds([][]byte{[]byte("x")}, []int{fd, fd, fd}, 0)
	_, fds, flags, _, err = b.RecvFds(10, 1, 0)
	if len(fds) != 1 || flags&sock.MSG_CTRUNC == 0 || err != nil {
		t.Fatal(fds, flags, err)
	}
	sock.Close(fds[0])
	if got := openFiles(t); got != before {
		t.Errorf("%d descriptors are open, %d were", got, before)
	}
	if _, _, _, _, err := b.RecvFds(10, -1, 0); err == nil {
		t.Error("a negative count was taken")
	}
}
