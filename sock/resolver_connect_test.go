package sock_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A socket connects to a name in every way to wait.
func TestConnectByName(t *testing.T) {
	s := serveDNS(t, "", testZone)
	useResolver(t, s.resolver())
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		_, addr := socktest.TCP.Listener(t)
		c := socktest.TCP.New(t)
		socktest.Must(t, w.On(c).Connect(sock.Inet("here.test.", addr.Port())))
		if got := socktest.Name(t, c); got.Host() != "127.0.0.1" {
			t.Errorf("it is %v", got)
		}
		u := socktest.UDP.New(t)
		if err := w.On(u).Connect(sock.Inet("nosuch.test.", 9)); gaiCode(err) != sock.EAI_NONAME {
			t.Errorf("an unknown name: %v", err)
		}
		for _, host := range []string{"a..b", strings.Repeat("a", 64)} { // item 184
			if err := w.On(u).Connect(sock.Inet(host, 9)); gaiCode(err) != sock.EAI_NONAME {
				t.Errorf("%s, which no host can be called: %v", host, err)
			}
		}
		if err := w.On(u).Connect(sock.Inet("\u00fc..b", 9)); argRule(err) != "label empty or too long" {
			t.Errorf("a name that IDNA refuses: %v", err)
		}
		if err := w.On(u).Connect(sock.Inet("v6.test.", 9)); gaiCode(err) != sock.EAI_NODATA {
			t.Errorf("a name without an address of the family: %v", err)
		}
		if errno, err := u.ConnectEx(sock.Inet("servfail.test.", 9)); errno != 0 || gaiCode(err) != sock.EAI_AGAIN {
			t.Errorf("ConnectEx: %v, %v", errno, err)
		}
	})
}

// The source of a connection may have a name too. Its look-up is waited for like everything else.
func TestCreateConnectionFromName(t *testing.T) { // item 218
	held := make(chan struct{})
	s := serveDNS(t, "", map[string]dnsHost{
		"here.test.": testZone["here.test."],
		"slow.test.": {a: []string{"127.0.0.1"}, held: held},
	})
	useResolver(t, s.resolver())
	socktest.Check(t)
	defer close(held)
	_, addr := socktest.TCP.Listener(t)
	inTask(t, func(task *loop.Task) error {
		c, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Source: sock.Inet("here.test.", 0), Task: task})
		if err == nil {
			c.Close()
		}
		return err
	})
	ctx, cancel := context.WithCancel(t.Context())
	call := socktest.Start(func() error {
		_, err := sock.CreateConnection("127.0.0.1", addr.Port(), &sock.ConnectionConfig{Source: sock.Inet("slow.test.", 0), Context: ctx})
		return err
	})
	socktest.Await(t, "the question", func() bool { return slices.Contains(s.questions(), "udp A slow.test.") })
	cancel()
	if err := call.Wait(t); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

// A waiting look-up can be canceled, and the loop runs during it.
func TestCancelConnectByName(t *testing.T) {
	held := make(chan struct{})
	// Each has its own name: package net may use one question for several look-ups of the same
	// name.
	zone := make(map[string]dnsHost)
	for _, name := range []string{"slow.test.", "slower.test.", "slowest.test."} {
		zone[name] = dnsHost{a: []string{"127.0.0.1"}, held: held}
	}
	s := serveDNS(t, "", zone)
	useResolver(t, s.resolver())
	t.Cleanup(func() { close(held) })
	for _, inTask := range []bool{false, true} {
		reactor, err := loop.Default()
		socktest.Must(t, err)
		l := reactor.Next()
		c := socktest.TCP.New(t)
		asked := len(s.questions())
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		call := socktest.Start(func() (err error) {
			if !inTask {
				return c.With(ctx).Connect(sock.Inet("slow.test.", 9))
			}
			if ended := l.Go(func(task *loop.Task) {
				err = c.In(task).With(ctx).Connect(sock.Inet("slower.test.", 9))
			}).Wait(t.Context()); ended != nil {
				return ended
			}
			return err
		})
		socktest.Await(t, "the question", func() bool { return len(s.questions()) > asked })
		turned := make(chan struct{})
		l.Post(func() { close(turned) })
		<-turned
		cancel()
		if err := call.Wait(t); !errors.Is(err, context.Canceled) {
			t.Errorf("in a task %v: %v", inTask, err)
		}
	}

	// Task.Cancel does the same.
	reactor, err := loop.Default()
	socktest.Must(t, err)
	c := socktest.TCP.New(t)
	asked := len(s.questions())
	var said error
	task := reactor.Next().Go(func(task *loop.Task) { said = c.In(task).Connect(sock.Inet("slowest.test.", 9)) })
	socktest.Await(t, "the question", func() bool { return len(s.questions()) > asked })
	task.Cancel()
	socktest.Must(t, task.Wait(t.Context()))
	if !errors.Is(said, context.Canceled) {
		t.Errorf("Task.Cancel: %v", said)
	}
}
