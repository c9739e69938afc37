package sock_test

import (
	"encoding/binary"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"golang.org/x/sys/unix"
)

// An error that does not end the connection ends a MSG_WAITALL: no edge follows it.
func TestWaitAllSoftError(t *testing.T) {
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := socktest.TCP.Pair(t)
		socktest.Must(t, a.SetRecvErr(true))
		seq := sendQueueSeq(t, a)
		call := socktest.Start(func() error { return wantN(4)(w.On(a).RecvInto(make([]byte, 100), sock.MSG_WAITALL)) })
		socktest.AwaitWaiting(t, a)
		socktest.Must(t, wantN(4)(b.Send([]byte("part"), 0)))
		socktest.Await(t, "the part to be taken", func() bool { return !readable(a) || call.Done() })
		hostUnreachable(t, a, seq)
		socktest.Must(t, call.Wait(t))
	})
}

// sendQueueSeq returns the sequence number of the next byte that s would send.
func sendQueueSeq(t *testing.T, s *sock.Socket) uint32 {
	t.Helper()
	const sendQueue = 2 // TCP_SEND_QUEUE of <linux/tcp.h>
	if err := s.Setsockopt(sock.IPPROTO_TCP, unix.TCP_REPAIR, 1); err != nil {
		t.Skipf("no TCP_REPAIR: %v: run this as root", err)
	}
	socktest.Must(t, s.Setsockopt(sock.IPPROTO_TCP, unix.TCP_REPAIR_QUEUE, sendQueue))
	seq, err := s.Getsockopt(sock.IPPROTO_TCP, unix.TCP_QUEUE_SEQ)
	socktest.Must(t, err)
	socktest.Must(t, s.Setsockopt(sock.IPPROTO_TCP, unix.TCP_REPAIR, -1)) // off, without a probe of the window
	return uint32(seq)
}

// hostUnreachable makes the system receive an ICMP message about a segment of s.
func hostUnreachable(t *testing.T, s *sock.Socket, seq uint32) {
	t.Helper()
	from, err := s.Getsockname()
	socktest.Must(t, err)
	to, err := s.Getpeername()
	socktest.Must(t, err)
	const unreachable, host = 3, 1
	p := []byte{unreachable, host, 0, 0, 0, 0, 0, 0}
	p = append(p, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, unix.IPPROTO_TCP, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1)
	p = binary.BigEndian.AppendUint16(p, uint16(from.Port()))
	p = binary.BigEndian.AppendUint16(p, uint16(to.Port()))
	p = binary.BigEndian.AppendUint32(p, seq)
	sum := uint32(0)
	for i := 0; i < len(p); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	binary.BigEndian.PutUint16(p[2:], ^uint16(sum>>16+sum&0xffff))
	raw, err := sock.New(sock.AF_INET, sock.SOCK_RAW, sock.IPPROTO_ICMP)
	if err != nil {
		t.Skipf("no raw sockets: %v: run this as root", err)
	}
	defer raw.Close()
	_, err = raw.Sendto(p, 0, sock.Inet("127.0.0.1", 0))
	socktest.Must(t, err)
}
