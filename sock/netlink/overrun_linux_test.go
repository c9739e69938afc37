package netlink_test

import (
	"errors"
	"net/netip"
	"runtime"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// overrun makes the receive buffer of s overflow: the kernel answers requests whose answers are not
// received.
func overrun(t *testing.T, s *sock.Socket) {
	t.Helper()
	socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, 16<<10)) // the answer to a request of Do has room in it
	request, err := netlink.Message{Type: netlink.RTM_GETLINK, Flags: netlink.NLM_F_REQUEST, Data: netlink.LinkHeader(1, 0, 0)}.Append(nil)
	socktest.Must(t, err)
	for range 200 {
		_, err := s.Send(request, 0)
		socktest.Must(t, err)
	}
}

// drain receives what is there.
func drain(t *testing.T, s *sock.Socket) {
	t.Helper()
	socktest.Must(t, s.SetTimeout(0))
	for {
		if _, err := s.Recv(1<<16, 0); errors.Is(err, sock.ErrWouldBlock) {
			break
		} else if !errors.Is(err, syscall.ENOBUFS) {
			socktest.Must(t, err)
		}
	}
	socktest.Must(t, s.SetTimeout(socktest.Patience))
}

// A request whose answer may be lost says so at once, and the socket goes on. A list loses nothing,
// and says at its end that something else was lost.
func TestOverrun(t *testing.T) {
	socktest.Check(t)
	s := netlinkSocket(t)
	overrun(t, s)
	if _, err := oneLink(s, 1); !errors.Is(err, netlink.ErrOverrun) || !errors.Is(err, syscall.ENOBUFS) {
		t.Errorf("one link: %v, want ErrOverrun that is ENOBUFS", err)
	}
	drain(t, s)
	if link, err := oneLink(s, 1); err != nil || link.Name != "lo" {
		t.Errorf("afterwards: %+v, %v", link, err)
	}

	want, err := netlink.Links(netlinkSocket(t))
	socktest.Must(t, err)
	overrun(t, s)
	links, err := netlink.Links(s)
	if !errors.Is(err, netlink.ErrOverrun) || !errors.Is(err, syscall.ENOBUFS) || len(links) != len(want) {
		t.Errorf("a list: %d of %d links, %v; want all, and ErrOverrun", len(links), len(want), err)
	}
	if links, err := netlink.Links(s); err != nil || len(links) != len(want) {
		t.Errorf("another list: %d of %d links, %v", len(links), len(want), err)
	}
}

// inNamespace runs fn in a network namespace that ends with it.
func inNamespace(t *testing.T, fn func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread, and the namespace with it, ends
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			fn()
		}
		done <- err
	}()
	if err := <-done; errors.Is(err, unix.EPERM) {
		t.Skip("run this as root:", err)
	} else {
		socktest.Must(t, err)
	}
}

// A list can begin while the rest of another, which the program has left, is still to come: the
// kernel says EBUSY of it.
func TestListAfterAnAbandonedOne(t *testing.T) {
	socktest.Check(t)
	inNamespace(t, func() {
		s, err := sock.New(sock.AF_NETLINK, sock.SOCK_RAW, 0)
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		s.SetTimeout(socktest.Patience)
		const addresses = 1500 // more than the kernel writes ahead: 32 KiB twice
		for i := range addresses {
			ip := netip.AddrFrom4([4]byte{127, 1, byte(i >> 8), byte(i)}).AsSlice()
			data, err := new(netlink.Builder).Bytes(netlink.LinkAddressHeader(unix.AF_INET, 32, 1)).Attr(netlink.IFA_LOCAL, ip).Data()
			if err != nil {
				t.Error(err)
				return
			}
			for _, err := range netlink.Do(s, netlink.Request{Type: netlink.RTM_NEWADDR, Flags: netlink.NLM_F_CREATE, Data: data}) {
				if err != nil {
					t.Error(err)
					return
				}
			}
		}
		list := netlink.Request{Type: netlink.RTM_GETADDR, Flags: netlink.NLM_F_DUMP, Data: netlink.LinkAddressHeader(0, 0, 0)}
		busy := sendsBusy(t, s, list)
		for range 3 {
			for _, err := range netlink.Do(s, list) {
				if err != nil {
					t.Error(err)
				}
				break
			}
			addrs, err := netlink.LinkAddresses(s)
			if err != nil || len(addrs) != addresses {
				t.Errorf("%d addresses, %v; want %d", len(addrs), err, addresses)
			}
		}
		if !busy {
			t.Error("this kernel never says EBUSY of such lists: the test shows nothing")
		}
	})
}

// sendsBusy begins two lists at once, and returns true if the kernel refuses the second with EBUSY.
// It leaves nothing in s.
func sendsBusy(t *testing.T, s *sock.Socket, r netlink.Request) (busy bool) {
	for range 2 {
		b, err := netlink.Message{Type: r.Type, Flags: r.Flags | netlink.NLM_F_REQUEST, Data: r.Data}.Append(nil)
		if err == nil {
			_, err = s.Send(b, 0)
		}
		if err != nil {
			t.Error(err)
			return false
		}
	}
	for {
		b, err := s.Recv(1<<16, 0)
		if err != nil {
			t.Error(err)
			return busy
		}
		for m, err := range netlink.Messages(b) {
			if err != nil {
				t.Error(err)
			}
			switch {
			case m.Type == netlink.NLMSG_ERROR:
				busy = busy || errors.Is(m.Err(), syscall.EBUSY)
			case m.Type == netlink.NLMSG_DONE:
				return busy
			}
		}
	}
}
