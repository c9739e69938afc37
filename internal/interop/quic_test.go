package interop

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/netconn"
	"github.com/polluxio/pollux/sock/socktest"
)

// A counted is a PacketConn that counts the sends of several packets in one (UDP GSO).
type counted struct {
	*netconn.PacketConn
	segmented *atomic.Int64
}

func (c counted) WriteMsgUDP(b, oob []byte, to *net.UDPAddr) (n, oobn int, err error) {
	items, err := sock.ParseControl(oob)
	for _, item := range items {
		if size, ok := item.UDPSegment(); ok && len(b) > int(size) {
			c.segmented.Add(1)
		}
	}
	if err != nil {
		return 0, 0, err
	}
	return c.PacketConn.WriteMsgUDP(b, oob, to)
}

func TestQUIC(t *testing.T) {
	socktest.Check(t)
	ctx := background(t)
	var segmented atomic.Int64
	endpoint := func() *quic.Transport {
		p, err := netconn.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		t.Cleanup(func() { p.Close() })
		return &quic.Transport{Conn: counted{p, &segmented}}
	}
	certificates := httptest.NewUnstartedServer(nil)
	certificates.Listener.Close()
	certificates.Listener = listen(t)
	certificates.StartTLS()
	defer certificates.Close()
	config := certificates.TLS.Clone()
	config.NextProtos = []string{"echo"}

	server, client := endpoint(), endpoint()
	defer server.Close()
	defer client.Close()
	ln, err := server.Listen(config, nil)
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- echoStreams(ctx, ln) }()
	c, err := client.Dial(ctx, ln.Addr(), &tls.Config{
		ServerName: "example.com",
		RootCAs:    certificates.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		NextProtos: []string{"echo"},
	}, nil)
	must(t, err)
	must(t, each(10, func(i int) error {
		stream, err := c.OpenStreamSync(ctx)
		if err != nil {
			return err
		}
		if err := echoes(stream, stream, 1<<20); err != nil {
			return err
		}
		stream.Close()
		if rest, err := io.ReadAll(stream); err != nil || len(rest) > 0 {
			return fmt.Errorf("at the end: %q, %w", rest, err)
		}
		return nil
	}))
	c.CloseWithError(0, "")
	must(t, <-served)
	if n := segmented.Load(); n == 0 && runtime.GOOS == "linux" {
		t.Error("no packets were sent by GSO")
	} else {
		t.Logf("%d sends by GSO", n)
	}
}

// echoStreams serves one connection.
func echoStreams(ctx context.Context, ln *quic.Listener) error {
	c, err := ln.Accept(ctx)
	if err != nil {
		return err
	}
	for {
		stream, err := c.AcceptStream(ctx)
		if err != nil {
			if closed, ok := err.(*quic.ApplicationError); ok && closed.ErrorCode == 0 {
				return nil
			}
			return err
		}
		go func() {
			io.Copy(stream, stream)
			stream.Close()
		}()
	}
}
