package netconn_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// Ancillary data goes with messages, of datagrams and of streams: descriptors, and the interface
// that a packet came by.
func TestMessages(t *testing.T) {
	t.Run("descriptors", func(t *testing.T) {
		socktest.Check(t)
		a, b := pair(t, "unix")
		f, err := os.Create(filepath.Join(t.TempDir(), "file"))
		socktest.Must(t, err)
		defer f.Close()
		oob, err := sock.AppendControl(nil, sock.Rights{int(f.Fd())}.Control())
		socktest.Must(t, err)
		if n, oobn, err := a.WriteMsg([]byte("take it"), oob, sock.Addr{}); n != 7 || oobn != len(oob) || err != nil {
			t.Fatalf("%d, %d, %v", n, oobn, err)
		}
		p, room := make([]byte, 100), make([]byte, 100)
		n, oobn, flags, _, err := b.ReadMsg(p, room)
		items, bad := sock.ParseControl(room[:oobn])
		if err = errors.Join(err, bad); err != nil || string(p[:n]) != "take it" || flags != 0 || len(items) != 1 {
			t.Fatalf("%q, %v, flags %#x, %v", p[:n], items, flags, err)
		}
		rights, _ := items[0].Rights()
		got := os.NewFile(uintptr(rights[0]), "received")
		defer got.Close()
		mine, _ := f.Stat()
		theirs, err := got.Stat()
		if err != nil || !os.SameFile(mine, theirs) {
			t.Errorf("another file came: %v", err)
		}
		socktest.Must(t, a.Close())
		if _, _, _, _, err := b.ReadMsg(p, room); err != io.EOF {
			t.Errorf("at the end: %v", err)
		}
	})
	t.Run("packet info", func(t *testing.T) {
		socktest.Check(t)
		a, b := listenPacket(t, "udp"), listenPacket(t, "udp")
		socktest.Must(t, b.Socket().Setsockopt(sock.IPPROTO_IP, sock.IP_PKTINFO, 1))
		if _, _, err := a.WriteMsgUDP([]byte("x"), nil, b.LocalAddr().(*net.UDPAddr)); err != nil {
			t.Fatal(err)
		}
		room := make([]byte, 100)
		n, oobn, flags, from, err := b.ReadMsgUDP(make([]byte, 9), room)
		if n != 1 || flags != 0 || err != nil || from.String() != a.LocalAddr().String() {
			t.Fatalf("%d from %v, flags %#x, %v", n, from, flags, err)
		}
		items, err := sock.ParseControl(room[:oobn])
		socktest.Must(t, err)
		if info, ok := items[0].PktInfo(); !ok || info.Local.String() != "127.0.0.1" {
			t.Errorf("%v", items)
		}
	})
}
