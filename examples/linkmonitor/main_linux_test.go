package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netlink"
	"github.com/polluxio/pollux/sock/socktest"
)

// TestMonitor makes a link in a network namespace of its own, and removes it. The monitor reports
// both.
func TestMonitor(t *testing.T) {
	socktest.Check(t)
	events, boss := inNamespace(t)
	r, w := io.Pipe()
	call := socktest.Start(func() error { defer w.Close(); return monitor(events, w) })
	lines := make(chan string)
	go func() {
		defer close(lines)
		for in := bufio.NewScanner(r); in.Scan(); {
			lines <- in.Text()
		}
	}()
	expect := func(want ...string) {
		t.Helper()
		for end := time.After(socktest.Patience); ; {
			select {
			case line := <-lines:
				ok := true
				for _, part := range want {
					ok = ok && strings.Contains(line, part)
				}
				if ok {
					return
				}
			case <-end:
				t.Fatalf("no line with %q within %v", want, socktest.Patience)
			}
		}
	}
	do := func(typ, flags uint16, b *netlink.Builder) {
		t.Helper()
		body, err := b.Data()
		socktest.Must(t, err)
		for _, err := range netlink.Do(boss, netlink.Request{Type: typ, Flags: flags, Data: body}) {
			socktest.Must(t, err)
		}
	}
	expect("link 1 lo down")
	do(netlink.RTM_NEWLINK, 0, new(netlink.Builder).Bytes(netlink.LinkHeader(1, netlink.IFF_UP, netlink.IFF_UP)))
	expect("link 1 lo up")
	expect("address 127.0.0.1/8 on link 1")
	do(netlink.RTM_NEWLINK, netlink.NLM_F_CREATE, new(netlink.Builder).Bytes(netlink.LinkHeader(0, 0, 0)).Text(netlink.IFLA_IFNAME, "wire0").
		Nest(netlink.IFLA_LINKINFO, func(b *netlink.Builder) { b.Text(netlink.IFLA_INFO_KIND, "veth") }))
	expect("wire0 down", "mtu 1500 veth")
	do(netlink.RTM_DELLINK, 0, new(netlink.Builder).Bytes(netlink.LinkHeader(0, 0, 0)).Text(netlink.IFLA_IFNAME, "wire0"))
	expect("gone: ", "wire0")
	events.Close()
	if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the monitor ended with %v", err)
	}
	for range lines {
	}
}

// inNamespace makes the monitor's socket and another one in a network namespace of their own, where
// they stay.
func inNamespace(t *testing.T) (events, boss *sock.Socket) {
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err = syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			return
		}
		if events, err = open(); err == nil {
			boss, err = sock.New(afNetlink, sock.SOCK_RAW, netlinkRoute)
		}
	}()
	<-ended
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("a network namespace: %v: run this as root", err)
	}
	socktest.Must(t, err)
	return socktest.Closing(t, events), socktest.Closing(t, boss)
}
