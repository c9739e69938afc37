package sock_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A closedRule says what a method returns on a closed socket. A nil error means that it works.
type closedRule struct {
	call func(s *sock.Socket, o socktest.Operations) error
	want error
}

type noHandler struct{}

func (noHandler) Readable(*sock.Socket)      {}
func (noHandler) Writable(*sock.Socket)      {}
func (noHandler) Closed(*sock.Socket, error) {}

var somewhere = sock.Inet("127.0.0.1", 9)

var closedRules = map[string]closedRule{
	"Unwatch":      {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Unwatch() == nil, "handler") }, nil},
	"Handler":      {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Handler() == nil, "handler") }, nil},
	"WantWritable": {func(s *sock.Socket, _ socktest.Operations) error { s.WantWritable(); return nil }, nil},
	"PassesOptions": {func(s *sock.Socket, _ socktest.Operations) error {
		return check(!s.PassesOptions(), "the options of a TCP socket")
	}, nil},
	"Call": {func(s *sock.Socket, _ socktest.Operations) error {
		return check(s.Call(loop.Write).Lane == loop.Write, "lane")
	}, nil},
	"Begin": {func(s *sock.Socket, _ socktest.Operations) error {
		c := s.Call(loop.Read)
		return s.Begin(&c)
	}, net.ErrClosed},
	"End": {func(s *sock.Socket, _ socktest.Operations) error {
		c := s.Call(loop.Read)
		s.End(&c, &loop.Outcome{}, loop.ErrAgain)
		return s.Begin(&c)
	}, net.ErrClosed},
	"Sendmsg": {func(_ *sock.Socket, o socktest.Operations) error {
		_, err := o.Sendmsg([][]byte{{1}}, nil, 0, sock.Addr{})
		return err
	}, net.ErrClosed},
	"SendmsgAfalg": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.SendmsgAfalg(nil, 0, nil, 0, 0)
		return check(err != nil && strings.Contains(err.Error(), "only supported for AF_ALG"), "an inet socket has algorithms")
	}, nil},
	"SendFds": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.SendFds([][]byte{{1}}, nil, 0)
		return err
	}, net.ErrClosed},
	"Recvmsg": {func(_ *sock.Socket, o socktest.Operations) error {
		_, _, _, _, err := o.Recvmsg(1, 0, 0)
		return err
	}, net.ErrClosed},
	"RecvmsgInto": {func(_ *sock.Socket, o socktest.Operations) error {
		_, _, _, _, err := o.RecvmsgInto([][]byte{{1}}, 0, 0)
		return err
	}, net.ErrClosed},
	"RecvmsgBuffers": {func(s *sock.Socket, _ socktest.Operations) error {
		_, _, _, _, err := s.RecvmsgBuffers([][]byte{{1}}, nil, 0)
		return err
	}, net.ErrClosed},
	"RecvFds": {func(s *sock.Socket, _ socktest.Operations) error {
		_, _, _, _, err := s.RecvFds(1, 1, 0)
		return err
	}, net.ErrClosed},
	"Makefile": {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Makefile("r", -1); return err }, net.ErrClosed},
	"Sendfile": {func(_ *sock.Socket, o socktest.Operations) error {
		_, err := o.Sendfile(strings.NewReader("x"), 0, -1)
		return check(err != nil && strings.Contains(err.Error(), "only SOCK_STREAM"), "a datagram socket sends a file")
	}, nil},
	"Accept":  {func(_ *sock.Socket, o socktest.Operations) error { _, _, err := o.Accept(); return err }, net.ErrClosed},
	"Bind":    {func(s *sock.Socket, _ socktest.Operations) error { return s.Bind(somewhere) }, net.ErrClosed},
	"Connect": {func(_ *sock.Socket, o socktest.Operations) error { return o.Connect(somewhere) }, net.ErrClosed},
	"Dup":     {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Dup(); return err }, net.ErrClosed},
	"Join":    {func(s *sock.Socket, _ socktest.Operations) error { return s.Join(nil) }, net.ErrClosed},
	"Listen":  {func(s *sock.Socket, _ socktest.Operations) error { return s.Listen(1) }, net.ErrClosed},
	"Recv":    {func(_ *sock.Socket, o socktest.Operations) error { _, err := o.Recv(1, 0); return err }, net.ErrClosed},
	"RecvInto": {func(_ *sock.Socket, o socktest.Operations) error {
		_, err := o.RecvInto(make([]byte, 1), 0)
		return err
	}, net.ErrClosed},
	"Recvfrom": {func(_ *sock.Socket, o socktest.Operations) error { _, _, err := o.Recvfrom(1, 0); return err }, net.ErrClosed},
	"RecvfromInto": {func(_ *sock.Socket, o socktest.Operations) error {
		_, _, err := o.RecvfromInto(make([]byte, 1), 0)
		return err
	}, net.ErrClosed},
	"Send":       {func(_ *sock.Socket, o socktest.Operations) error { _, err := o.Send(hello, 0); return err }, net.ErrClosed},
	"Sendall":    {func(_ *sock.Socket, o socktest.Operations) error { _, err := o.Sendall(hello, 0); return err }, net.ErrClosed},
	"Sendto":     {func(_ *sock.Socket, o socktest.Operations) error { _, err := o.Sendto(hello, 0, somewhere); return err }, net.ErrClosed},
	"Shutdown":   {func(s *sock.Socket, _ socktest.Operations) error { return s.Shutdown(sock.SHUT_RDWR) }, net.ErrClosed},
	"Sockatmark": {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Sockatmark(); return err }, net.ErrClosed},
	"Watch":      {func(s *sock.Socket, _ socktest.Operations) error { return s.Watch(nil, noHandler{}) }, net.ErrClosed},

	"GetInheritable": {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.GetInheritable(); return err }, net.ErrClosed},
	"SetInheritable": {func(s *sock.Socket, _ socktest.Operations) error { return s.SetInheritable(true) }, net.ErrClosed},
	"Getpeername":    {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Getpeername(); return err }, net.ErrClosed},
	"Getsockname":    {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Getsockname(); return err }, net.ErrClosed},
	"Getsockopt": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_TYPE)
		return err
	}, net.ErrClosed},
	"GetsockoptBytes": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.GetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, 8)
		return err
	}, net.ErrClosed},
	"Setsockopt": {func(s *sock.Socket, _ socktest.Operations) error {
		return s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEADDR, 1)
	}, net.ErrClosed},
	"SetsockoptBytes": {func(s *sock.Socket, _ socktest.Operations) error {
		return s.SetsockoptBytes(sock.SOL_SOCKET, sock.SO_LINGER, make([]byte, 8))
	}, net.ErrClosed},
	"SetsockoptNil": {func(s *sock.Socket, _ socktest.Operations) error {
		return s.SetsockoptNil(sock.SOL_SOCKET, sock.SO_REUSEADDR, 4)
	}, net.ErrClosed},
	"Share": {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Share(1); return err }, net.ErrClosed},
	"Ioctl": {func(s *sock.Socket, _ socktest.Operations) error {
		_, err := s.Ioctl(0x98000001, 1) // SIO_RCVALL
		return err
	}, net.ErrClosed},
	"SetTimeout":        {func(s *sock.Socket, _ socktest.Operations) error { return s.SetTimeout(time.Second) }, net.ErrClosed},
	"SetTimeoutSeconds": {func(s *sock.Socket, _ socktest.Operations) error { return s.SetTimeoutSeconds(1) }, net.ErrClosed},
	"SetDeadline":       {func(s *sock.Socket, _ socktest.Operations) error { return s.SetDeadline(time.Now()) }, net.ErrClosed},
	"SetReadDeadline":   {func(s *sock.Socket, _ socktest.Operations) error { return s.SetReadDeadline(time.Time{}) }, net.ErrClosed},
	"SetWriteDeadline":  {func(s *sock.Socket, _ socktest.Operations) error { return s.SetWriteDeadline(time.Now()) }, net.ErrClosed},
	"SetBlocking":       {func(s *sock.Socket, _ socktest.Operations) error { return s.SetBlocking(true) }, net.ErrClosed},

	// ConnectEx returns an errno, and this is Python's: item 56.
	"ConnectEx": {func(s *sock.Socket, _ socktest.Operations) error {
		errno, err := s.ConnectEx(somewhere)
		if errno == 0 {
			return err
		}
		return errno
	}, syscall.EBADF},

	// These methods work on a closed socket.
	"Close": {func(s *sock.Socket, _ socktest.Operations) error { return s.Close() }, nil},
	"Detach": {func(s *sock.Socket, _ socktest.Operations) error {
		return check(s.Detach() == -1, "it detached a descriptor")
	}, nil},
	"Fileno": {func(s *sock.Socket, _ socktest.Operations) error {
		return check(s.Fileno() == -1, "it has a descriptor")
	}, nil},
	"Family":   {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Family() == sock.AF_INET, "family") }, nil},
	"Type":     {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Type() == sock.SOCK_DGRAM, "type") }, nil},
	"Proto":    {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Proto() == 0, "proto") }, nil},
	"Timeout":  {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Timeout() > 0, "timeout") }, nil},
	"Blocking": {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Blocking(), "blocking") }, nil},
	"Loop":     {func(s *sock.Socket, _ socktest.Operations) error { s.Loop(); return nil }, nil},
	"String": {func(s *sock.Socket, _ socktest.Operations) error {
		return check(strings.Contains(s.String(), "[closed] fd=-1"), s.String())
	}, nil},
	"BareErrors":  {func(s *sock.Socket, _ socktest.Operations) error { s.BareErrors(); return nil }, nil},
	"Base":        {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Base() == s, "base") }, nil},
	"OrClosed":    {func(s *sock.Socket, _ socktest.Operations) error { return check(s.OrClosed() == s, "orclosed") }, nil},
	"CallWatcher": {func(s *sock.Socket, _ socktest.Operations) error { s.CallWatcher(); return nil }, nil},
	"Network":     {func(s *sock.Socket, _ socktest.Operations) error { return check(s.Network() == "udp", "network") }, nil},
	"Waiter":      {func(s *sock.Socket, _ socktest.Operations) error { s.Waiter(); return nil }, nil},
	"Read":        {func(s *sock.Socket, _ socktest.Operations) error { _, err := s.Read(make([]byte, 1)); return err }, net.ErrClosed},
	"Async":       {func(s *sock.Socket, _ socktest.Operations) error { s.Async(); return nil }, nil},
	"In":          {func(s *sock.Socket, _ socktest.Operations) error { s.In(nil); return nil }, nil},
	"With":        {func(s *sock.Socket, _ socktest.Operations) error { s.With(context.Background()); return nil }, nil},
}

func check(ok bool, what string) error {
	if !ok {
		return errors.New(what)
	}
	return nil
}

// closedOrRefused calls a method without a rule on a closed socket, with zero arguments. Most such
// methods are options of one family. An error about the arguments may come first.
func closedOrRefused(t *testing.T, method reflect.Method) {
	typ := method.Type
	if n := typ.NumOut(); n == 0 || typ.Out(n-1) != reflect.TypeFor[error]() {
		t.Errorf("add a rule to closedRules for %s on a closed socket", method.Name)
		return
	}
	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
	socktest.Must(t, err)
	socktest.Must(t, s.Close())
	in := []reflect.Value{reflect.ValueOf(s)}
	for i := 1; i < typ.NumIn(); i++ {
		in = append(in, reflect.Zero(typ.In(i)))
	}
	call := method.Func.Call
	if typ.IsVariadic() {
		call = method.Func.CallSlice
	}
	out := call(in)
	err, _ = out[len(out)-1].Interface().(error)
	var arg *sock.ArgError
	if !errors.Is(err, net.ErrClosed) && !errors.As(err, &arg) && !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%s of a closed socket: %v, want net.ErrClosed", method.Name, err)
	}
}

// Every method fails on a closed socket, in every mode and each way to wait. In Python the error is
// EBADF.
func TestClosedSocket(t *testing.T) { // items 38, 45, 71, 74, 75, 243
	for method := range reflect.TypeFor[*sock.Socket]().Methods() {
		if closedRules[method.Name].call == nil {
			closedOrRefused(t, method)
		}
	}
	for _, end := range []struct {
		name string
		end  func(t *testing.T, s *sock.Socket)
	}{
		{"closed", func(t *testing.T, s *sock.Socket) { socktest.Must(t, s.Close()) }},
		{"detached", func(t *testing.T, s *sock.Socket) {
			d, err := sock.Adopt(s.Detach(), -1, -1, -1)
			socktest.Must(t, err)
			socktest.Closing(t, d)
		}},
	} {
		t.Run(end.name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				for _, mode := range []time.Duration{sock.Forever, time.Minute, 0} {
					for name, rule := range closedRules {
						s := socktest.UDP.New(t)
						socktest.Must(t, s.SetTimeout(mode))
						end.end(t, s)
						if mode == 0 && (name == "Timeout" || name == "Blocking") {
							continue // they return the mode
						}
						err := rule.call(s, w.On(s))
						if runtime.GOOS != "linux" && errors.Is(err, errors.ErrUnsupported) {
							continue // a feature that the system lacks is missing on every socket
						}
						if name == "ConnectEx" && errors.Is(err, sock.NoSocket) {
							continue
						}
						if rule.want == nil && err != nil || !errors.Is(err, rule.want) {
							t.Errorf("%s, %s: %v, want %v", name, modeName(mode), err, rule.want)
						}
					}
				}
			})
		})
	}
}

func TestCloseTwice(t *testing.T) { // items 29, 72
	socktest.Check(t)
	s := socktest.TCP.New(t)
	for range 3 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	v := socktest.TCP.New(t)
	socktest.Must(t, v.With(t.Context()).Close())
	if v.Fileno() != -1 {
		t.Error("closed by a view, but still open")
	}
}

func TestDetach(t *testing.T) { // items 71, 76
	socktest.Check(t)
	a, b := socktest.TCP.Pair(t)
	fd := a.Fileno()
	if got := a.Detach(); got != fd {
		t.Errorf("Detach() = %d, want %d", got, fd)
	}
	if got := a.Detach(); got != -1 {
		t.Errorf("again: %d", got)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close after it: %v", err)
	}
	s, err := sock.Adopt(fd, -1, -1, -1)
	socktest.Must(t, err)
	defer s.Close()
	echo(t, s, b)
}

// A pending operation fails, and the descriptor stays usable: here by another socket, which may be
// on another loop.
func TestDetachWhileWaiting(t *testing.T) { // item 76
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
		socktest.AwaitWaiting(t, a)
		s, err := sock.Adopt(a.Detach(), -1, -1, -1)
		socktest.Must(t, err)
		defer s.Close()
		if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the pending call got %v", err)
		}
		call = socktest.Start(func() error { return wantBytes("hello")(w.On(s).Recv(10, 0)) })
		socktest.AwaitWaiting(t, s)
		_, err = b.Sendall(hello, 0)
		socktest.Must(t, err)
		socktest.Must(t, call.Wait(t))
	})
}

// Many goroutines close and detach at once. One of them gets the descriptor, or it is closed, once.
func TestCloseAndDetachRace(t *testing.T) { // item 79
	socktest.Check(t)
	for range 200 {
		s := socktest.UDP.New(t)
		fd := s.Fileno()
		var wg sync.WaitGroup
		var mu sync.Mutex
		var got []int
		for i := range 6 {
			wg.Go(func() {
				if i%2 == 0 {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
					return
				}
				n := s.Detach()
				mu.Lock()
				defer mu.Unlock()
				if n != -1 {
					got = append(got, n)
				}
			})
		}
		wg.Wait()
		if len(got) > 1 || len(got) == 1 && got[0] != fd {
			t.Fatalf("descriptor %d was detached as %v", fd, got)
		}
		if len(got) == 1 {
			d, err := sock.Adopt(fd, -1, -1, -1)
			socktest.Must(t, err)
			socktest.Must(t, d.Close())
		}
	}
}

// Close runs at the same time as every other operation. No call hangs, nothing panics, and the
// descriptors of other sockets stay intact.
func TestCloseRace(t *testing.T) { // items 73, 79
	for _, k := range []socktest.Kind{socktest.TCP, socktest.UDP} {
		t.Run(k.Name, func(t *testing.T) {
			socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
				for range 10 {
					a, b := k.Pair(t)
					bystander := k.New(t)
					var calls []*socktest.Call
					for _, call := range []func() error{
						func() error { _, err := w.On(a).Recv(10, 0); return err },
						func() error { _, _, err := w.On(a).Recvfrom(10, 0); return err },
						func() error { _, err := w.On(a).Send(hello, 0); return err },
						func() error { _, err := w.On(a).Sendall(make([]byte, 1000), 0); return err },
						func() error { _, err := a.Getsockname(); return err },
						func() error { _, err := a.Getsockopt(sock.SOL_SOCKET, sock.SO_TYPE); return err },
						func() error { d, err := a.Dup(); closeIf(d); return err },
						func() error { _, err := b.Send(hello, 0); return err },
						func() error { _ = a.String(); return nil },
						a.Close,
					} {
						calls = append(calls, socktest.Start(call))
					}
					for _, call := range calls {
						err := call.Wait(t)
						if err != nil && !errors.Is(err, net.ErrClosed) && !isReset(err) {
							t.Error(err)
						}
					}
					if typ, err := bystander.Getsockopt(sock.SOL_SOCKET, sock.SO_TYPE); sock.Type(typ) != k.Type || err != nil {
						t.Errorf("a bystander: type %d, %v", typ, err)
					}
				}
			})
		})
	}
}

func closeIf(s *sock.Socket) {
	if s != nil {
		s.Close()
	}
}

// isReset reports whether err is one of the errors after the end of a peer.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNREFUSED)
}

// After Close the number of the descriptor is free for the next one, even if an operation was
// pending on the old one.
func TestCloseFreesTheNumber(t *testing.T) { // item 73
	if runtime.GOOS == "windows" {
		t.Skip("handles are not given in order: this is about descriptors")
	}
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for range 20 {
			a, b := socktest.TCP.Pair(t)
			call := socktest.Start(func() error { _, err := w.On(a).Recv(10, 0); return err })
			socktest.AwaitWaiting(t, a)
			fd := a.Fileno()
			socktest.Must(t, a.Close())
			c, d, err := sock.Pair(-1, -1, -1)
			socktest.Must(t, err)
			if c.Fileno() != fd && d.Fileno() != fd {
				t.Logf("descriptor %d was taken by another", fd)
			}
			call2 := socktest.Start(func() error { return wantBytes("hello")(w.On(c).Recv(10, 0)) })
			b.Close()
			_, err = d.Sendall(hello, 0)
			socktest.Must(t, err)
			socktest.Must(t, call2.Wait(t))
			if err := call.Wait(t); !errors.Is(err, net.ErrClosed) {
				t.Errorf("the call on the old descriptor: %v", err)
			}
			c.Close()
			d.Close()
		}
	})
}
