package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestDNS(t *testing.T) {
	socktest.Check(t)
	handler := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		for i := range 40 {
			m.Answer = append(m.Answer, &dns.TXT{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 1},
				Txt: []string{fmt.Sprintf("%s %d", w.RemoteAddr().Network(), i)},
			})
		}
		if w.LocalAddr().Network() == "udp" {
			m.Truncate(dns.MinMsgSize) // the client asks again by TCP
		}
		if err := w.WriteMsg(m); err != nil {
			t.Error(err)
		}
	})
	ln := listen(t)
	p, err := netconn.ListenPacket("udp", ln.Addr().String())
	must(t, err)
	for _, s := range []*dns.Server{{Listener: ln, Handler: handler}, {PacketConn: p, Handler: handler}} {
		started, served := make(chan struct{}), make(chan error, 1)
		s.NotifyStartedFunc = func() { close(started) }
		go func() { served <- s.ActivateAndServe() }()
		<-started
		defer func() {
			must(t, s.ShutdownContext(background(t)))
			must(t, <-served)
		}()
	}
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			must(t, each(20, func(i int) error {
				c, err := netconn.Dial(network, ln.Addr().String())
				if err != nil {
					return err
				}
				defer c.Close()
				client := &dns.Client{Net: network, Timeout: patience}
				for j := range 20 {
					q := new(dns.Msg).SetQuestion(fmt.Sprintf("%d.%d.test.", i, j), dns.TypeTXT)
					m, _, err := client.ExchangeWithConn(q, &dns.Conn{Conn: c})
					if err != nil {
						return err
					}
					if m.Truncated != (network == "udp") || len(m.Answer) == 0 {
						return fmt.Errorf("truncated %v, %d answers", m.Truncated, len(m.Answer))
					}
					if got := m.Answer[0].(*dns.TXT).Txt[0]; !strings.HasPrefix(got, network) {
						return fmt.Errorf("answer %q", got)
					}
				}
				return nil
			}))
		})
	}
}
