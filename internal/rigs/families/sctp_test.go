//go:build linux

package families_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Options and ancillary data of SCTP, level IPPROTO_SCTP: <linux/sctp.h>, RFC 6458.
const (
	sctpRecvRcvinfo = 32 // SCTP_RECVRCVINFO
	sctpSndinfo     = 2  // SCTP_SNDINFO
	sctpRcvinfo     = 3  // SCTP_RCVINFO
)

// rcvinfo asks for what RFC 6458 has in 5.3.5, and checks that it comes.
//
//	struct sctp_rcvinfo {             // <linux/sctp.h>
//	    __u16 rcv_sid;                // 0
//	    __u16 rcv_ssn;                // 2
//	    __u16 rcv_flags;              // 4
//	    __u32 rcv_ppid;               // 8, as the sender gave it
//	    __u32 rcv_tsn;                // 12
//	    __u32 rcv_cumtsn;             // 16
//	    __u32 rcv_context;            // 20
//	    sctp_assoc_t rcv_assoc_id;    // 24
//	};                                // 28
func rcvinfo(x exchange) exchange {
	x.Ready = func(t *testing.T, s *sock.Socket) { must(t, s.Setsockopt(sock.IPPROTO_SCTP, sctpRecvRcvinfo, 1)) }
	x.Ancillary = func(t *testing.T, items []sock.Control, flags int) {
		if c := wantItem(t, items, sock.IPPROTO_SCTP, sctpRcvinfo); len(c.Data) != 28 {
			t.Errorf("struct sctp_rcvinfo has %d bytes, want 28", len(c.Data))
		}
		if flags&sock.MSG_EOR == 0 {
			t.Errorf("flags %#x, want MSG_EOR: it was the whole message", flags)
		}
	}
	return x
}

// One to one: as TCP, with bounds between messages.
func TestSCTPStream(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			pair := connectedTo(lo.family, sock.SOCK_STREAM, sock.IPPROTO_SCTP, lo.addr)
			everyWay(t, pair, rcvinfo(exchange{}))
			t.Run("two at once", func(t *testing.T) { socktest.EachWaiter(t, exchange{}.with(pair).two) })
		})
	}
}

// A Splice from an association that this side shuts down ends as Recv does. No event may report
// that end.
func TestSCTPSpliceEnds(t *testing.T) {
	pair := connectedTo(loopbacks[0].family, sock.SOCK_STREAM, sock.IPPROTO_SCTP, loopbacks[0].addr)
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, b := pair(t)
		to, peer := socktest.TCP.Pair(t)
		call := socktest.Start(func() error {
			n, err := w.On(to).Splice(a, -1)
			if n != 5 {
				t.Errorf("%d bytes, want 5", n)
			}
			return err
		})
		_, err := b.Sendall([]byte("hello"), 0)
		must(t, err)
		got, err := peer.Recv(10, 0)
		if err != nil || string(got) != "hello" {
			t.Errorf("%q, %v", got, err)
		}
		socktest.AwaitWaiting(t, a)
		must(t, a.Shutdown(sock.SHUT_WR))
		if err := call.Wait(t); err != nil && !errors.Is(err, syscall.ENOTCONN) {
			t.Errorf("%v, want the end or ENOTCONN", err)
		}
	})
}

// two receives messages that are both there already: that a receive is short does not mean that
// nothing is left.
func (x *trial) two(t *testing.T, w *socktest.Waiter) {
	a, b := x.pair(t)
	call := socktest.Start(func() error { _, err := w.On(a).Recv(100, 0); return err })
	socktest.AwaitWaiting(t, a)
	x.send(t, b, a, x.message(0))
	must(t, call.Wait(t))
	for i := range 2 {
		x.send(t, b, a, x.message(i))
	}
	socktest.AwaitReadable(t, a)
	for i := range 2 {
		got, err := x.receive(a, w.On(a), x.message(i))
		must(t, err)
		x.same(t, "one of two", got, x.message(i))
	}
}

// manyToMany makes pairs of sockets that anyone can send to: the first message makes the
// association.
func manyToMany(family sock.Family, addr sock.Addr) func(*testing.T) (a, b *sock.Socket) {
	bound := boundTo(family, sock.SOCK_SEQPACKET, sock.IPPROTO_SCTP, addr)
	return func(t *testing.T) (a, b *sock.Socket) {
		a, b = bound(t)
		must(t, a.Listen(8))
		must(t, b.Listen(8))
		return a, b
	}
}

func TestSCTPSeqpacket(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			everyWay(t, manyToMany(lo.family, lo.addr), rcvinfo(exchange{To: itsName, Sender: fromItsName}))
		})
	}
}

// What ancillary data says about a message on its way out is what the ancillary data on its way in
// says.
//
//	struct sctp_sndinfo {             // <linux/sctp.h>
//	    __u16 snd_sid;                // 0
//	    __u16 snd_flags;              // 2
//	    __u32 snd_ppid;               // 4
//	    __u32 snd_context;            // 8
//	    sctp_assoc_t snd_assoc_id;    // 12
//	};                                // 16
func TestSCTPStreamNumber(t *testing.T) {
	socktest.Check(t)
	a, b := manyToMany(sock.AF_INET, sock.Inet("127.0.0.1", 0))(t)
	must(t, a.Setsockopt(sock.IPPROTO_SCTP, sctpRecvRcvinfo, 1))
	must(t, a.SetTimeout(socktest.Patience))
	for _, tt := range []struct {
		name   string
		stream uint16
		tag    uint32
	}{
		{"first", 0, 0},
		{"third", 3, 0x12345678},
		{"last of ten", 9, 0xffffffff},
	} {
		t.Run(tt.name, func(t *testing.T) {
			info := make([]byte, 16)
			binary.NativeEndian.PutUint16(info, tt.stream)
			binary.NativeEndian.PutUint32(info[4:], tt.tag)
			_, err := b.Sendmsg([][]byte{[]byte(tt.name)}, []sock.Control{{Level: sock.IPPROTO_SCTP, Type: sctpSndinfo, Data: info}}, 0, itsName(a))
			must(t, err)
			data, items, _, from, err := a.Recvmsg(100, 100, 0)
			must(t, err)
			if string(data) != tt.name || from != socktest.Name(t, b) {
				t.Errorf("got %q from %v", data, from)
			}
			c := wantItem(t, items, sock.IPPROTO_SCTP, sctpRcvinfo)
			stream, tag := binary.NativeEndian.Uint16(c.Data), binary.NativeEndian.Uint32(c.Data[8:])
			if stream != tt.stream || tag != tt.tag {
				t.Errorf("stream %d, tag %#x; want %d, %#x", stream, tag, tt.stream, tt.tag)
			}
		})
	}
}

// sctp_darn makes an association and sends lines in it.
func TestSCTPDarnSends(t *testing.T) {
	program(t, "sctp_darn")
	need(t, sock.AF_INET, sock.SOCK_SEQPACKET, sock.IPPROTO_SCTP).Close()
	socktest.EachWaiter(t, func(t *testing.T, w *socktest.Waiter) {
		a, free := manyToMany(sock.AF_INET, sock.Inet("127.0.0.1", 0))(t)
		must(t, a.SetTimeout(socktest.Patience))
		its, here := socktest.Name(t, free), socktest.Name(t, a)
		must(t, free.Close())
		r := start(t, "sctp_darn", "-s", "-H", "127.0.0.1", "-P", portOf(its), "-h", "127.0.0.1", "-p", portOf(here))
		for _, line := range []string{"a line\n", "another one\n"} {
			r.Input(line)
			// It sends the line with the zero behind it that ends a C string.
			p, from, err := w.On(a).Recvfrom(100, 0)
			must(t, err)
			if string(bytes.TrimRight(p, "\x00")) != line || from != its {
				t.Errorf("got %q from %v, want %q from %v", p, from, line, its)
			}
		}
	})
}

// It listens, and shows what comes from here: on a terminal, which socat makes, for it would keep
// what it writes to a pipe.
func TestSCTPDarnReceives(t *testing.T) {
	socktest.Check(t)
	program(t, "sctp_darn")
	b, free := manyToMany(sock.AF_INET, sock.Inet("127.0.0.1", 0))(t)
	must(t, b.SetTimeout(socktest.Patience))
	its := socktest.Name(t, free)
	must(t, free.Close())
	r := socat(t, "-", "EXEC:sctp_darn -l -H 127.0.0.1 -P "+portOf(its)+",pty,rawer")
	r.Expect("sctp_darn listening")
	_, err := b.Sendto([]byte("a line from here\n"), 0, its) // it takes the last byte away
	must(t, err)
	r.Expect("a line from here")
}

// portOf is that of an address of IPv4, as text.
func portOf(a sock.Addr) string { return a.String()[strings.LastIndexByte(a.String(), ':')+1:] }
