package protocol_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
	"github.com/polluxio/pollux/sock/socktest"
)

// The sockets of both ends have the options of TCP that Config says, and no others: without
// KeepAlive the system does not probe a silent peer.
func TestOptionsOfTCP(t *testing.T) {
	socktest.Check(t)
	for _, tt := range []struct {
		name      string
		delay     bool
		keepAlive time.Duration
	}{{"defaults", false, 0}, {"Delay", true, 0}, {"KeepAlive", false, time.Minute}} {
		t.Run(tt.name, func(t *testing.T) {
			p := newScript()
			cfg := each(p)
			cfg.Delay, cfg.KeepAlive = tt.delay, tt.keepAlive
			_, at := serve(t, cfg)
			addr, err := netip.ParseAddrPort(at)
			socktest.Must(t, err)
			ours := client(t, &protocol.Config{Delay: tt.delay, KeepAlive: tt.keepAlive})
			dialed, err := ours.Dial(t.Context(), "127.0.0.1", int(addr.Port()), newScript()).Wait(patience(t))
			socktest.Must(t, err)
			for side, c := range map[string]*protocol.Transport{"server": next(t, "Made", p.conn), "client": dialed} {
				noDelay, err := c.Socket().Getsockopt(sock.IPPROTO_TCP, sock.TCP_NODELAY)
				if err != nil || noDelay != 0 == tt.delay {
					t.Errorf("%s: TCP_NODELAY %d, %v", side, noDelay, err)
				}
				probes, err := c.Socket().Getsockopt(sock.SOL_SOCKET, sock.SO_KEEPALIVE)
				if err != nil || probes != 0 != (tt.keepAlive > 0) {
					t.Errorf("%s: SO_KEEPALIVE %d, %v", side, probes, err)
				}
			}
		})
	}
}
