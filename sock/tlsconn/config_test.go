package tlsconn_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"

	"github.com/polluxio/pollux/internal/selfsigned"
	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// A setting is a record layer, a version, and which end is ours.
type setting struct {
	layer   tlsconn.Layer
	version uint16
	client  bool
}

// eachEnd runs a test for each setting. shake gives the state of both ends of a new connection
// after an echo. The two Configs stay the same for all connections of a test.
func eachEnd(t *testing.T, change func(server, client *tls.Config), test func(t *testing.T, of setting, shake func() (ours, theirs tls.ConnectionState))) {
	t.Helper()
	for _, layer := range layers {
		for _, version := range bothVersions {
			for _, side := range sides {
				t.Run(layer.String()+"/"+tls.VersionName(version)+"/"+side.name, func(t *testing.T) {
					need(t, layer)
					socktest.Check(t)
					server, client := serverTLS(), clientTLS()
					client.MaxVersion = version
					change(server, client)
					cfg := &tlsconn.Config{TLS: server, Layer: layer}
					if side.client {
						cfg.TLS = client
					}
					test(t, setting{layer, version, side.client}, func() (ours, theirs tls.ConnectionState) {
						s, peer := wire(t)
						conn, err := tlsconn.Server(s, cfg)
						other := tls.Client(peer, client)
						if side.client {
							conn, err = tlsconn.Client(s, cfg)
							other = tls.Server(peer, server)
						}
						socktest.Must(t, err)
						served := socktest.Start(func() error { return echo(conn) })
						talk(t, other) // its reads take the tickets
						socktest.Must(t, served.Wait(t))
						ours, theirs = conn.ConnectionState(), other.ConnectionState()
						socktest.Must(t, conn.Close())
						return ours, theirs
					})
				})
			}
		}
	}
}

// All of tls.Config works with each record layer: what both ends say of the handshake is the same
// as crypto/tls says at the other end.
func TestConfigOfTLS(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(server, client *tls.Config)
		check  func(server, client tls.ConnectionState) error
	}{
		{"ALPN", func(server, client *tls.Config) {
			server.NextProtos, client.NextProtos = []string{"h2", "echo"}, []string{"echo", "http/1.1"}
		}, func(server, client tls.ConnectionState) error {
			return same("echo", server.NegotiatedProtocol, client.NegotiatedProtocol)
		}},
		{"client certificate", func(server, client *tls.Config) {
			server.ClientAuth, server.ClientCAs = tls.RequireAnyClientCert, client.RootCAs
			client.Certificates = []tls.Certificate{selfsigned.Certificate()}
		}, func(server, client tls.ConnectionState) error {
			if len(server.PeerCertificates) != 1 || len(client.PeerCertificates) != 1 {
				return fmt.Errorf("%d and %d certificates", len(server.PeerCertificates), len(client.PeerCertificates))
			}
			return same(string(selfsigned.Certificate().Certificate[0]), string(server.PeerCertificates[0].Raw), string(client.PeerCertificates[0].Raw))
		}},
		{"GetConfigForClient", func(server, client *tls.Config) {
			other := server.Clone()
			other.NextProtos = []string{"chosen"}
			client.NextProtos = []string{"chosen"}
			server.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				if hello.ServerName != "localhost" {
					return nil, errors.New("no such server")
				}
				return other, nil
			}
		}, func(server, client tls.ConnectionState) error {
			return errors.Join(same("chosen", server.NegotiatedProtocol, client.NegotiatedProtocol), same("localhost", server.ServerName, client.ServerName))
		}},
		{"key shares", func(server, client *tls.Config) {}, func(server, client tls.ConnectionState) error {
			want := tls.X25519MLKEM768 // post-quantum, which crypto/tls takes by itself in TLS 1.3
			if server.Version == tls.VersionTLS12 {
				want = tls.X25519
			}
			return same(want, server.CurveID, client.CurveID)
		}},
		{"hello retry", func(server, client *tls.Config) {
			server.CurvePreferences = []tls.CurveID{tls.CurveP384}
		}, func(server, client tls.ConnectionState) error {
			return errors.Join(same(tls.CurveP384, server.CurveID, client.CurveID),
				same(server.Version == tls.VersionTLS13, server.HelloRetryRequest, client.HelloRetryRequest))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachEnd(t, tt.change, func(t *testing.T, _ setting, shake func() (ours, theirs tls.ConnectionState)) {
				a, b := shake()
				if err := tt.check(a, b); err != nil {
					t.Error(err)
				}
				if !a.HandshakeComplete || a.Version != b.Version || a.CipherSuite != b.CipherSuite {
					t.Errorf("%+v, and at the other end %+v", a, b)
				}
			})
		})
	}
}

func same[T comparable](want, a, b T) error {
	if a != want || b != want {
		return fmt.Errorf("%.40v and %.40v, want %.40v", a, b, want)
	}
	return nil
}

// A second connection resumes the session of the first, by a ticket that came after the handshake
// or within it.
func TestResumption(t *testing.T) {
	eachEnd(t, func(server, client *tls.Config) {
		client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	}, func(t *testing.T, of setting, shake func() (ours, theirs tls.ConnectionState)) {
		if first, _ := shake(); first.DidResume {
			t.Error("the first connection was resumed")
		}
		ours, theirs := shake()
		// A ticket of TLS 1.3 comes after the handshake, where only crypto/tls keeps it.
		want := !of.client || of.layer == tlsconn.Standard || of.version == tls.VersionTLS12
		if ours.DidResume != want || theirs.DidResume != want {
			t.Errorf("resumed: %v, and at the other end %v; want %v", ours.DidResume, theirs.DidResume, want)
		}
	})
}

// A cutter is a connection of a client that sends its first record as many small ones, and all of
// its bytes one at a time.
type cutter struct {
	*net.TCPConn
	begun bool
}

func (c *cutter) Write(p []byte) (int, error) {
	out := p
	if !c.begun {
		c.begun = true
		out = nil
		for text := range slices.Chunk(p[tlsrecord.HeaderSize:], 100) {
			out = append(append(out, p[0], p[1], p[2], 0, byte(len(text))), text...)
		}
	}
	for i := range out {
		if _, err := c.TCPConn.Write(out[i : i+1]); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// A ClientHello in several records, each byte in a segment of its own, is a good one.
func TestHelloInPieces(t *testing.T) {
	for _, layer := range layers {
		for _, version := range bothVersions {
			for _, m := range echoes {
				t.Run(layer.String()+"/"+tls.VersionName(version)+"/"+m.name, func(t *testing.T) {
					need(t, layer)
					socktest.Check(t)
					s, peer := wire(t)
					socktest.Must(t, peer.SetNoDelay(true))
					conn, other := sides[0].ends(t, s, &cutter{TCPConn: peer}, layer, fixed(version, 0))
					served := m.serve(t, conn)
					text := []byte("in pieces")
					if _, err := other.Write(text); err != nil {
						t.Fatal(err)
					}
					got := make([]byte, len(text))
					if _, err := io.ReadFull(other, got); err != nil || !bytes.Equal(got, text) {
						t.Errorf("%q, %v", got, err)
					}
					socktest.Must(t, other.CloseWrite())
					socktest.Must(t, served.Wait(t))
					checkLayer(t, conn, layer)
					conn.Close()
				})
			}
		}
	}
}
