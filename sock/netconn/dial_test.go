package netconn_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// A Dial ends by its context, its deadline or its timeout, whichever is first.
func TestDialEnds(t *testing.T) {
	socktest.Check(t)
	// A Unix listener whose backlog is full has its clients wait.
	lc := netconn.ListenConfig{Backlog: 1}
	ln, err := lc.Listen(context.Background(), "unix", at(t, "unix"))
	socktest.Must(t, err)
	defer ln.Close()
	for range 2 {
		c, err := netconn.DialTimeout("unix", ln.Addr().String(), socktest.Patience)
		socktest.Must(t, err)
		defer c.Close()
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(10*time.Millisecond, func() { cancel(why) })
	soon := 20 * time.Millisecond
	for name, tt := range map[string]struct {
		ctx  context.Context
		d    netconn.Dialer
		want error
	}{
		"context":  {ctx, netconn.Dialer{Timeout: time.Hour}, why},
		"timeout":  {context.Background(), netconn.Dialer{Timeout: soon, Deadline: time.Now().Add(time.Hour)}, os.ErrDeadlineExceeded},
		"deadline": {context.Background(), netconn.Dialer{Timeout: time.Hour, Deadline: time.Now().Add(soon)}, os.ErrDeadlineExceeded},
		"past":     {context.Background(), netconn.Dialer{Timeout: -1}, os.ErrDeadlineExceeded},
	} {
		_, err := tt.d.DialContext(tt.ctx, "unix", ln.Addr().String())
		wantOp(t, err, "dial", "unix", tt.want)
		if e, ok := err.(net.Error); name != "context" && (!ok || !e.Timeout()) {
			t.Errorf("%s: %v is no timeout", name, err)
		}
	}
}

// A host of several addresses is reached at the one that answers.
func TestDialSeveralAddresses(t *testing.T) {
	addrs, err := net.LookupHost("localhost")
	if err != nil || !strings.Contains(strings.Join(addrs, " "), "::1") {
		t.Skip("localhost has no IPv6 address:", addrs, err)
	}
	socktest.Check(t)
	for _, network := range []string{"tcp4", "tcp6"} {
		ln := listen(t, network)
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		for _, delay := range []time.Duration{0, -1} {
			d := netconn.Dialer{FallbackDelay: delay}
			c, err := d.Dial("tcp", "localhost:"+port)
			socktest.Must(t, err)
			if got := c.RemoteAddr().String(); got != ln.Addr().String() {
				t.Errorf("connected to %s, want %s", got, ln.Addr())
			}
			c.Close()
		}
		if _, err := netconn.Dial(map[string]string{"tcp4": "tcp6", "tcp6": "tcp4"}[network], "localhost:"+port); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("by the other family: %v", err)
		}
		if c, err := netconn.Dial("tcp", ":"+port); err != nil {
			t.Errorf("without a host: %v", err)
		} else {
			c.Close()
		}
	}
}

// A connection comes from the address that the Dialer says.
func TestDialLocalAddr(t *testing.T) {
	socktest.Check(t)
	ln := listen(t, "tcp")
	d := netconn.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	c, err := d.Dial("tcp", ln.Addr().String())
	socktest.Must(t, err)
	defer c.Close()
	s, err := ln.Accept()
	socktest.Must(t, err)
	defer s.Close()
	if got := s.RemoteAddr().(*net.TCPAddr).IP.String(); runtime.GOOS == "linux" && got != "127.0.0.2" {
		t.Errorf("it came from %s", got)
	}
	var mismatch *net.AddrError
	d.LocalAddr = &net.TCPAddr{IP: net.IPv6loopback}
	if _, err := d.Dial("tcp", ln.Addr().String()); !errors.As(err, &mismatch) {
		t.Errorf("from another family: %v", err)
	}
	d.LocalAddr = &net.UnixAddr{Name: "@x"}
	if _, err := d.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("from a Unix address: no error")
	}
}

// Multipath TCP and fast open change nothing for the program: where the system or the peer lacks
// them, the connection is an ordinary one.
func TestDialOptions(t *testing.T) {
	for _, multipath := range []bool{false, true} {
		for _, fast := range []bool{false, true} {
			socktest.Check(t)
			lc := netconn.ListenConfig{MultipathTCP: multipath}
			if fast {
				lc.FastOpen = 10
			}
			ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
			socktest.Must(t, err)
			defer ln.Close()
			for range 3 { // fast open needs a cookie, which the first one brings
				d := netconn.Dialer{MultipathTCP: multipath, FastOpen: fast}
				c, err := d.Dial("tcp", ln.Addr().String())
				socktest.Must(t, err)
				defer c.Close()
				_, err = io.WriteString(c, "hello")
				socktest.Must(t, err)
				s, err := ln.AcceptConn()
				socktest.Must(t, err)
				defer s.Close()
				p := make([]byte, 5)
				if _, err := io.ReadFull(s, p); err != nil || string(p) != "hello" {
					t.Errorf("multipath %v, fast open %v: %q, %v", multipath, fast, p, err)
				}
				used, err := s.MultipathTCP()
				if err != nil || used && !multipath {
					t.Errorf("MultipathTCP of a connection with %v: %v, %v", multipath, used, err)
				}
				if used != multipath {
					t.Logf("multipath %v: the connection is ordinary TCP here", multipath)
				}
			}
		}
	}
}
