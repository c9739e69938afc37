package sock_test

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// RecvError is one of the operations that may have to wait, so it gets all tests of waiting.
func init() {
	operations = append(operations,
		operation{"RecvError", func(t *testing.T) *waitingFor { return queueing(t, socktest.UDP) }},
		operation{"RecvError of IPv6", func(t *testing.T) *waitingFor { return queueing(t, socktest.UDP6) }})
}

// queueing returns a datagram socket whose packets reach no socket. ICMP reports this to it.
func queueing(t *testing.T, k socktest.Kind) *waitingFor {
	s, to := k.New(t), k.Refusing(t)
	socktest.Must(t, s.SetRecvErr(true))
	return &waitingFor{
		Socket: s,
		release: func() {
			s.Sendto(hello, 0, to)
			// An ICMP error in the queue also makes one other call fail, such as this Sendto. That
			// does not disturb the operation that waits for the queue.
			socktest.AwaitWritable(t, s)
		},
		do: func(o socktest.Operations) error {
			p := make([]byte, 100)
			m, err := o.RecvError(p)
			if err != nil {
				return err
			}
			e := m.Err
			if string(p[:m.N]) != "hello" || m.To != to || e.Errno != syscall.ECONNREFUSED || e.Offender.Host() != to.Host() ||
				m.Flags&(sock.MSG_ERRQUEUE|sock.MSG_CMSG_CLOEXEC) != sock.MSG_ERRQUEUE {
				return fmt.Errorf("%q to %v: %+v, flags %#x", p[:m.N], m.To, e, m.Flags)
			}
			if v4 := k == socktest.UDP; v4 && (e.Origin != sock.SO_EE_ORIGIN_ICMP || e.Type != 3 || e.Code != 3) ||
				!v4 && (e.Origin != sock.SO_EE_ORIGIN_ICMP6 || e.Type != 1 || e.Code != 4) {
				return fmt.Errorf("%+v is not that a port was not reached", e)
			}
			if !errors.Is(e, syscall.ECONNREFUSED) || e.Error() == "" {
				return fmt.Errorf("%v is not ECONNREFUSED", e)
			}
			return nil
		},
	}
}

// A wait for the queue and a wait for data use one lane. Neither takes what the other waits for,
// and neither delays the other.
func TestRecvErrorBesideRecv(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		q := queueing(t, socktest.UDP)
		socktest.Must(t, q.Bind(sock.Inet("127.0.0.1", 0)))
		data := q.Async().Recv(10, 0)
		errs := socktest.Start(func() error { return q.do(w.On(q.Socket)) })
		q.release()
		socktest.Must(t, errs.Wait(t))
		errs = socktest.Start(func() error { return q.do(w.On(q.Socket)) })
		for range 2 { // the first send, or the receive, may fail with the error that was queued
			if _, err := q.Sendto(hello, 0, socktest.Name(t, q.Socket)); err == nil {
				break
			}
		}
		p, err := data.Wait(t.Context())
		if errors.Is(err, syscall.ECONNREFUSED) {
			p, err = q.Recv(10, 0)
		}
		socktest.Must(t, wantBytes("hello")(p, err))
		if errs.Done() {
			t.Errorf("data has ended the wait for an error: %v", errs.Wait(t))
		}
		q.release()
		socktest.Must(t, errs.Wait(t))
	})
}

// Each call takes one entry of the queue, in order. A packet longer than the buffer is cut.
func TestRecvErrorInOrder(t *testing.T) {
	socktest.Check(t)
	s := socktest.UDP.New(t)
	socktest.Must(t, s.SetRecvErr(true))
	if on, err := s.RecvErr(); !on || err != nil {
		t.Error(on, err)
	}
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	first, second := socktest.UDP.Refusing(t), socktest.UDP.Refusing(t)
	for _, to := range []sock.Addr{first, second} {
		if _, err := s.Sendto(hello, 0, to); err != nil {
			s.Sendto(hello, 0, to) // fails with the error of the send before
		}
	}
	for _, want := range []sock.Addr{first, second} {
		p := make([]byte, 2)
		m, err := s.RecvError(p)
		if err != nil || m.To != want || m.N != 2 || m.Flags&sock.MSG_TRUNC == 0 {
			t.Errorf("%+v, %v; want one for %v", m, err, want)
		}
	}
	socktest.Must(t, s.SetTimeout(0))
	if m, err := s.RecvError(nil); !errors.Is(err, sock.ErrWouldBlock) {
		t.Errorf("%+v, %v; want ErrWouldBlock", m, err)
	}
}

// Every call that receives takes the flag MSG_ERRQUEUE, and waits with it. Recvmsg returns the
// error in its ancillary data.
func TestErrorQueueByFlag(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		for _, recv := range []func(socktest.Operations) ([]byte, error){
			func(o socktest.Operations) ([]byte, error) { return o.Recv(10, sock.MSG_ERRQUEUE) },
			func(o socktest.Operations) ([]byte, error) {
				p, _, err := o.Recvfrom(10, sock.MSG_ERRQUEUE)
				return p, err
			},
			func(o socktest.Operations) ([]byte, error) {
				p, items, flags, _, err := o.Recvmsg(10, 512, sock.MSG_ERRQUEUE)
				if err == nil {
					e := find(t, items, sock.Control.QueuedError)
					if e.Errno != syscall.ECONNREFUSED || flags&sock.MSG_ERRQUEUE == 0 {
						t.Errorf("%+v, %#x", e, flags)
					}
				}
				return p, err
			},
		} {
			q := queueing(t, socktest.UDP)
			socktest.Must(t, q.SetTimeout(0))
			if _, err := recv(w.On(q.Socket)); !errors.Is(err, sock.ErrWouldBlock) {
				t.Errorf("nothing queued: %v", err)
			}
			socktest.Must(t, q.SetTimeout(socktest.Patience))
			call := socktest.Start(func() error { return wantBytes("hello")(recv(w.On(q.Socket))) })
			socktest.AwaitWaiting(t, q.Socket)
			q.release()
			socktest.Must(t, call.Wait(t))
		}
	})
}

// SetRecvErr works on each kind of socket.
func TestRecvErrOfEachKind(t *testing.T) {
	socktest.Check(t)
	for _, k := range []socktest.Kind{
		socktest.TCP, socktest.TCP6, socktest.UDP, socktest.UDP6, {Name: "raw", Family: sock.AF_INET, Type: sock.SOCK_RAW},
		{Name: "raw6", Family: sock.AF_INET6, Type: sock.SOCK_RAW},
	} {
		var proto sock.Protocol
		if k.Type == sock.SOCK_RAW {
			proto = sock.IPPROTO_UDP
		}
		s, err := sock.New(k.Family, k.Type, proto)
		if errors.Is(err, syscall.EPERM) {
			t.Log(k.Name, "only with CAP_NET_RAW:", err)
			continue
		}
		socktest.Must(t, err)
		socktest.Closing(t, s)
		for _, on := range []bool{true, false} {
			if err := s.SetRecvErr(on); err != nil {
				t.Errorf("%s: %v", k.Name, err)
			}
			if got, err := s.RecvErr(); got != on || err != nil {
				t.Errorf("%s: %v, %v", k.Name, got, err)
			}
		}
	}
}

// Timestamps of sent packets come through the same queue.
func TestTimestampsOfSends(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.UDP.Pair(t)
		socktest.Must(t, a.Setsockopt(sock.SOL_SOCKET, sock.SO_TIMESTAMPING,
			sock.SOF_TIMESTAMPING_TX_SOFTWARE|sock.SOF_TIMESTAMPING_SOFTWARE|sock.SOF_TIMESTAMPING_OPT_ID|sock.SOF_TIMESTAMPING_OPT_TSONLY))
		before := time.Now()
		call := socktest.Start(func() error {
			for id := range uint32(2) {
				m, err := w.On(a).RecvError(nil)
				if err != nil {
					return err
				}
				if e := m.Err; e.Errno != syscall.ENOMSG || e.Origin != sock.SO_EE_ORIGIN_TIMESTAMPING || e.Info != sock.SCM_TSTAMP_SND ||
					e.Data != id || !near(m.Times.Software, before) || !m.Times.Hardware.IsZero() {
					return fmt.Errorf("%+v", m)
				}
			}
			return nil
		})
		socktest.AwaitWaiting(t, a)
		for range 2 {
			socktest.Must(t, wantN(5)(a.Send(hello, 0)))
			socktest.Must(t, wantBytes("hello")(b.Recv(10, 0)))
		}
		socktest.Must(t, call.Wait(t))
	})
}

// near reports whether got, a time of the kernel, belongs to an event that began at before.
func near(got, before time.Time) bool {
	return got.After(before.Add(-time.Second)) && got.Before(before.Add(socktest.Patience))
}

// The queue reports the end of sends without a copy by their numbers.
func TestZeroCopyEnds(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		if err := a.Setsockopt(sock.SOL_SOCKET, unix.SO_ZEROCOPY, 1); err != nil {
			t.Skip("no MSG_ZEROCOPY, which came with Linux 4.14:", err)
		}
		p := make([]byte, 100_000)
		discard(b)
		const sends = 4
		for range sends {
			socktest.Must(t, wantN(len(p))(a.Sendmsg([][]byte{p}, nil, unix.MSG_ZEROCOPY, sock.Addr{})))
		}
		for next := uint32(0); next < sends; {
			m, err := w.On(a).RecvError(nil)
			socktest.Must(t, err)
			first, last, copied, ok := m.Err.ZeroCopy()
			if !ok || first != next || last < first || !copied { // over loopback the kernel always copies
				t.Fatalf("%+v: %d to %d, %v, %v; want from %d on", m, first, last, copied, ok, next)
			}
			next = last + 1
		}
		if _, _, _, ok := (sock.QueuedError{Origin: sock.SO_EE_ORIGIN_ICMP}).ZeroCopy(); ok {
			t.Error("an ICMP error was taken for the end of a send")
		}
	})
}

// A handler runs for an error in the queue, and RecvError finds the error there.
func TestRecvErrorOfAWatcher(t *testing.T) {
	socktest.Check(t)
	q := queueing(t, socktest.UDP)
	socktest.Must(t, q.SetTimeout(0))
	r, err := loop.Default()
	socktest.Must(t, err)
	got := make(chan error, 1)
	socktest.Must(t, q.Watch(r.Next(), &queueHandler{got: got, do: q.do}))
	q.release()
	select {
	case err := <-got:
		socktest.Must(t, err)
	case <-time.After(socktest.Patience):
		t.Error("the handler got nothing")
	}
	socktest.Must(t, q.Close())
}

type queueHandler struct {
	got chan error
	do  func(socktest.Operations) error
}

func (h *queueHandler) Readable(s *sock.Socket) {
	s.Recv(1, 0) // takes the error that other calls get too, or finds nothing
	if err := h.do(s); !errors.Is(err, sock.ErrWouldBlock) {
		select {
		case h.got <- err:
		default:
		}
	}
}
func (h *queueHandler) Writable(*sock.Socket)      {}
func (h *queueHandler) Closed(*sock.Socket, error) {}
