package tlsconn

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/polluxio/pollux/internal/selfsigned"
	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/sock/socktest"
)

// After as many records as one key may serve, the kernel gets the next one and the peer a
// KeyUpdate. A kernel that cannot change keys has the connection end with close_notify and an
// error.
func TestKeyLimit(t *testing.T) {
	t.Run("kernel", func(t *testing.T) {
		if _, err := KernelCiphers(); err != nil {
			socktest.Lacking(t, "internal/rigs/run ./sock/tlsconn", err)
		}
		socktest.Check(t)
		ln, addr := socktest.TCP.Listener(t)
		peer, err := net.Dial("tcp", addr.String())
		socktest.Must(t, err)
		defer peer.Close()
		s, _, err := ln.Accept()
		socktest.Must(t, err)
		c, err := Server(socktest.Closing(t, s), &Config{TLS: &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}}, Layer: Kernel})
		socktest.Must(t, err)
		other := tls.Client(peer, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13})
		shook := socktest.Start(other.Handshake)
		socktest.Must(t, c.Handshake())
		socktest.Must(t, shook.Wait(t))
		k, ok := c.layer.(*kernel)
		if !ok {
			_, why := c.Layer()
			t.Fatal(why)
		}
		received := socktest.Start(func() error {
			got, err := io.ReadAll(other)
			if want := map[bool]string{true: "onetwothree", false: "one"}[kernelRekeys()]; string(got) != want {
				err = errors.Join(err, errors.New("the peer got "+string(got)))
			}
			return err
		})
		_, err = c.Write([]byte("one"))
		socktest.Must(t, err)
		k.mu.Lock()
		k.record.Sent(tlsrecord.RecordsPerKey * tlsrecord.MaxPlaintext) // as if they had gone
		k.mu.Unlock()
		for _, text := range []string{"two", "three"} {
			if _, err := c.Write([]byte(text)); kernelRekeys() != (err == nil) || err != nil && !errors.Is(err, errKeySpent) {
				t.Errorf("%s: %v", text, err)
			}
		}
		socktest.Must(t, c.Close())
		socktest.Must(t, received.Wait(t))
	})
}
