//go:build linux

package families_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// qipcrtr is a socket that is bound to a port of this node. Without a bind it has one only after it
// has sent.
func qipcrtr(t *testing.T) *sock.Socket {
	t.Helper()
	s := need(t, sock.AF_QIPCRTR, sock.SOCK_DGRAM, 0)
	node, _ := socktest.Name(t, s).QIPCRTR()
	must(t, s.Bind(families.QIPCRTR(node, 0)))
	return s
}

func TestQIPCRTR(t *testing.T) {
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) { return qipcrtr(t), qipcrtr(t) },
		exchange{To: itsName, Sender: fromItsName, Ready: wantTimestamp, Ancillary: hasNone})
}

func TestQIPCRTRConnected(t *testing.T) {
	everyWay(t, func(t *testing.T) (a, b *sock.Socket) {
		a, b = qipcrtr(t), qipcrtr(t)
		must(t, a.Connect(itsName(b)))
		must(t, b.Connect(itsName(a)))
		return a, b
	}, exchange{Sender: fromItsName, Ready: wantTimestamp, Ancillary: hasNone})
}

// The name service of the node: <linux/qrtr.h>.
const (
	qrtrPortCtrl  = 0xfffffffe // QRTR_PORT_CTRL
	qrtrNewServer = 4          // QRTR_TYPE_NEW_SERVER
	qrtrDelServer = 5          // QRTR_TYPE_DEL_SERVER
	qrtrNewLookup = 10         // QRTR_TYPE_NEW_LOOKUP
)

// control is a message to it, or from it; all are little endian.
//
//	struct qrtr_ctrl_pkt {            // <linux/qrtr.h>
//	    __le32 cmd;                   // 0
//	    struct {
//	        __le32 service;           // 4
//	        __le32 instance;          // 8
//	        __le32 node;              // 12
//	        __le32 port;              // 16
//	    } server;
//	};                                // 20
type control struct{ command, service, instance, node, port uint32 }

func (c control) encode() []byte {
	p := make([]byte, 20)
	for i, v := range []uint32{c.command, c.service, c.instance, c.node, c.port} {
		binary.LittleEndian.PutUint32(p[4*i:], v)
	}
	return p
}

func decodeControl(p []byte) (c control) {
	if len(p) == 20 {
		for i, v := range []*uint32{&c.command, &c.service, &c.instance, &c.node, &c.port} {
			*v = binary.LittleEndian.Uint32(p[4*i:])
		}
	}
	return c
}

// announce makes a service known that a new socket serves: the socket, and its node and port.
func announce(t *testing.T, service, instance uint32) (s *sock.Socket, node, port uint32) {
	t.Helper()
	s = qipcrtr(t)
	must(t, s.SetTimeout(socktest.Patience))
	node, port = socktest.Name(t, s).QIPCRTR()
	_, err := s.Sendto(control{qrtrNewServer, service, instance, node, port}.encode(), 0, families.QIPCRTR(node, qrtrPortCtrl))
	must(t, err)
	return s, node, port
}

// A look-up of a service hears of those that are there, of those that come, and of those that go.
func TestQIPCRTRNames(t *testing.T) {
	socktest.Check(t)
	const service, instance = 77, 1
	server, node, port := announce(t, service, instance)

	client := qipcrtr(t)
	must(t, client.SetTimeout(socktest.Patience))
	_, err := client.Sendto(control{command: qrtrNewLookup, service: service}.encode(), 0, families.QIPCRTR(node, qrtrPortCtrl))
	must(t, err)
	hears := func(want control) {
		t.Helper()
		p, from, err := client.Recvfrom(100, 0)
		must(t, err)
		if got := decodeControl(p); got != want {
			t.Errorf("heard %+v, want %+v", got, want)
		}
		if want := families.QIPCRTR(node, qrtrPortCtrl); from != want {
			t.Errorf("from %v, want %v", from, want)
		}
	}
	hears(control{qrtrNewServer, service, instance, node, port})
	hears(control{command: qrtrNewServer}) // those are all

	_, err = client.Sendto([]byte("question"), 0, families.QIPCRTR(node, port))
	must(t, err)
	p, from, err := server.Recvfrom(100, 0)
	must(t, err)
	if string(p) != "question" || from != socktest.Name(t, client) {
		t.Errorf("got %q from %v", p, from)
	}

	must(t, server.Close())
	hears(control{qrtrDelServer, service, instance, node, port})
}

// qrtr-lookup finds what was announced here.
func TestQIPCRTRLookup(t *testing.T) {
	need(t, sock.AF_QIPCRTR, sock.SOCK_DGRAM, 0)
	socktest.Check(t)
	_, node, port := announce(t, 4242, 0x0307)
	// The instance is shown as a version, its lowest byte, and what is above.
	want := fmt.Sprintf("4242 7 3 %d %d", node, port)
	shown := strings.Join(strings.Fields(output(t, "", "qrtr-lookup", "4242")), " ")
	if !strings.Contains(shown, want) {
		t.Errorf("it shows %q, want %q in it", shown, want)
	}
}
