//go:build linux

package families_test

import (
	"testing"

	"github.com/polluxio/pollux/families"
	"github.com/polluxio/pollux/sock/qrtr"
	"github.com/polluxio/pollux/sock/socktest"
)

// A service is announced and found by sock's own packets.
func TestQRTRControl(t *testing.T) {
	socktest.Check(t)
	server, client := qipcrtr(t), qipcrtr(t)
	node, port := socktest.Name(t, server).QIPCRTR()
	control := families.QIPCRTR(node, qrtr.QRTR_PORT_CTRL)
	entry := qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_SERVER, Service: 505, Instance: 2, Node: node, Port: port}
	_, err := server.Sendto(qrtr.AppendControl(nil, entry), 0, control)
	must(t, err)

	must(t, client.SetTimeout(socktest.Patience))
	_, err = client.Sendto(qrtr.AppendControl(nil, qrtr.Control{Cmd: qrtr.QRTR_TYPE_NEW_LOOKUP, Service: 505}), 0, control)
	must(t, err)
	next := func() qrtr.Control {
		t.Helper()
		p, err := client.Recv(100, 0)
		must(t, err)
		c, err := qrtr.DecodeControl(p)
		must(t, err)
		return c
	}
	if got := next(); got != entry {
		t.Errorf("heard %+v, want %+v", got, entry)
	}
	if got := next(); !got.End() {
		t.Errorf("heard %+v, want the end", got)
	}
	must(t, server.Close())
	entry.Cmd = qrtr.QRTR_TYPE_DEL_SERVER
	if got := next(); got != entry {
		t.Errorf("heard %+v, want %+v", got, entry)
	}
}
