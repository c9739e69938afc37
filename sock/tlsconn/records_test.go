package tlsconn_test

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// A rawPeer is a client of which the test makes the records itself, after a handshake by
// crypto/tls.
type rawPeer struct {
	*net.TCPConn
	t      testing.TB
	record *tlsrecord.Conn
	log    bytes.Buffer
}

// rawSuite is the suite of a rawPeer in TLS 1.2.
const rawSuite = tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256

// newRawPeer makes the handshake with conn, which serve begins to serve. In TLS 1.3 there is no
// ticket.
func newRawPeer(t testing.TB, layer tlsconn.Layer, version uint16, serve func(t testing.TB, c *tlsconn.Conn) *socktest.Call) (*rawPeer, *tlsconn.Conn, *socktest.Call) {
	t.Helper()
	s, c := wire(t)
	p := &rawPeer{TCPConn: c, t: t}
	sniffed := &sniffer{Conn: c}
	conn, tc := sides[0].ends(t, s, sniffed, layer, func(server, client *tls.Config) {
		server.SessionTicketsDisabled = true
		client.KeyLogWriter = &p.log
		client.MinVersion, client.MaxVersion = version, version
		client.CipherSuites = []uint16{rawSuite}
	})
	served := serve(t, conn)
	socktest.Must(t, tc.Handshake())
	state := tc.ConnectionState()
	params := &tlsrecord.Params{Version: version, Suite: state.CipherSuite, Client: true}
	secrets, random := make(map[string][]byte), []byte(nil)
	for line := range strings.SplitSeq(p.log.String(), "\n") {
		if f := strings.Fields(line); len(f) == 3 {
			random, _ = hex.DecodeString(f[1])
			secrets[f[0]], _ = hex.DecodeString(f[2])
		}
	}
	if version == tls.VersionTLS13 {
		params.In, params.Out = secrets["SERVER_TRAFFIC_SECRET_0"], secrets["CLIENT_TRAFFIC_SECRET_0"]
	} else {
		ck, civ, sk, siv := tlsrecord.SuiteOf(version, state.CipherSuite).Keys12(secrets["CLIENT_RANDOM"], random, sniffed.read[11:43])
		params.In, params.Out, params.InSeq, params.OutSeq = append(sk, siv...), append(ck, civ...), 1, 1
	}
	var err error
	p.record, err = tlsrecord.New(params)
	socktest.Must(t, err)
	return p, conn, served
}

// A sniffer keeps the first bytes that are read.
type sniffer struct {
	net.Conn
	read []byte
}

func (s *sniffer) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if len(s.read) < 100 {
		s.read = append(s.read, p[:n]...)
	}
	return n, err
}

// made is a record of that type.
func (p *rawPeer) made(typ byte, text string) []byte {
	p.t.Helper()
	record, err := p.record.Make(typ, []byte(text))
	socktest.Must(p.t, err)
	return record
}

// put writes records.
func (p *rawPeer) put(records ...[]byte) {
	p.t.Helper()
	_, err := p.Write(bytes.Join(records, nil))
	socktest.Must(p.t, err)
}

// next reads one record and opens it.
func (p *rawPeer) next() ([]byte, error) {
	header := make([]byte, tlsrecord.HeaderSize)
	if _, err := io.ReadFull(p.TCPConn, header); err != nil {
		return nil, err
	}
	n, err := p.record.Size(header)
	if err != nil {
		return nil, err
	}
	record := append(header, make([]byte, n-len(header))...)
	if _, err := io.ReadFull(p.TCPConn, record[len(header):]); err != nil {
		return nil, err
	}
	return p.record.Open(record)
}

// expect reads until text has come.
func (p *rawPeer) expect(text string) {
	p.t.Helper()
	var got []byte
	for len(got) < len(text) {
		data, err := p.next()
		got = append(got, data...)
		if err != nil {
			p.t.Fatalf("%q and %v, want %q", got, err, text)
		}
	}
	if string(got) != text {
		p.t.Fatalf("%q, want %q", got, text)
	}
}

// end reads until an error, and returns it. A reset counts as the end of the stream.
func (p *rawPeer) end() error {
	for {
		if _, err := p.next(); err != nil {
			return err
		}
	}
}

// eachRaw runs a test of records for each layer, version and way to wait.
func eachRaw(t *testing.T, versions []uint16, test func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call)) {
	for _, layer := range layers {
		for _, version := range versions {
			for _, m := range echoes {
				t.Run(layer.String()+"/"+tls.VersionName(version)+"/"+m.name, func(t *testing.T) {
					need(t, layer)
					socktest.Check(t)
					p, c, served := newRawPeer(t, layer, version, m.serve)
					test(t, p, c, served)
					c.Close()
				})
			}
		}
	}
}

var (
	bothVersions = []uint16{tls.VersionTLS13, tls.VersionTLS12}
	only13       = []uint16{tls.VersionTLS13}
)

const (
	alert     = tlsrecord.TypeAlert
	handshake = tlsrecord.TypeHandshake
	data      = tlsrecord.TypeData
)

// What ends the connection: which error Read returns, and which alert the peer gets.
func TestFatalRecords(t *testing.T) {
	for _, tt := range []struct {
		name     string
		versions []uint16
		send     func(p *rawPeer)
		local    bool
		alerts   []tls.AlertError // one of which the peer gets
	}{
		{"bad record", bothVersions, func(p *rawPeer) {
			record := p.made(data, "damaged")
			record[len(record)-1] ^= 1
			p.put(record)
		}, true, []tls.AlertError{20}},
		{"oversized record", bothVersions, func(p *rawPeer) { p.put([]byte{data, 3, 3, 0x49, 0}, make([]byte, 0x4900)) }, true, []tls.AlertError{22}},
		{"record of another version", bothVersions, func(p *rawPeer) { p.put([]byte{data, 3, 1, 0, 40}, make([]byte, 40)) }, true, []tls.AlertError{70}},
		{"fatal alert", bothVersions, func(p *rawPeer) { p.put(p.made(alert, "\x02\x2a")) }, false, nil},
		{"renegotiation", bothVersions, func(p *rawPeer) { p.put(p.made(handshake, "\x01\x00\x00\x01x")) }, true, []tls.AlertError{10, 50}},
		{"many empty records", bothVersions, func(p *rawPeer) {
			var records []byte
			for range 20 {
				records = append(records, p.made(data, "")...)
			}
			p.put(records)
		}, true, []tls.AlertError{10}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachRaw(t, tt.versions, func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call) {
				p.put(p.made(data, "good"))
				p.expect("good")
				if layer, _ := c.Layer(); layer == tlsconn.Kernel && tt.name == "many empty records" {
					t.Skip("the kernel drops empty records by itself, without a limit")
				}
				tt.send(p)
				err := served.Wait(t)
				var op *net.OpError
				var alert tls.AlertError
				want := "remote error"
				if tt.local {
					want = "local error"
				}
				if layer, _ := c.Layer(); layer == tlsconn.Standard {
					if err == nil || !strings.Contains(err.Error(), "tls: ") {
						t.Errorf("%v", err)
					}
				} else if !errors.As(err, &op) || op.Op != want || !errors.As(err, &alert) {
					t.Errorf("%v, want a %s", err, want)
				}
				if len(tt.alerts) == 0 {
					return
				}
				layer, _ := c.Layer()
				silent := layer == tlsconn.Kernel && strings.Contains(tt.name, "record") && !strings.Contains(tt.name, "empty") // the kernel sends nothing then
				if silent {
					c.Close()
				}
				got := p.end()
				for _, a := range tt.alerts {
					if errors.As(got, &alert) && alert == a {
						return
					}
				}
				if !silent || isTimeout(got) {
					t.Errorf("the peer got %v, want an alert of %v", got, tt.alerts)
				}
			})
		})
	}
}

// Data and close_notify in one segment: the alert makes no edge of its own.
func TestDataAndClose(t *testing.T) {
	eachRaw(t, bothVersions, func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call) {
		p.put(p.made(data, "one"), p.made(data, "two"), p.made(data, strings.Repeat("3", 1000)), p.made(alert, "\x01\x00"))
		p.expect("onetwo" + strings.Repeat("3", 1000))
		if err := p.end(); err != io.EOF {
			t.Errorf("the peer got %v, want close_notify", err)
		}
		socktest.Must(t, served.Wait(t))
	})
}

func TestEmptyAndPaddedRecords(t *testing.T) {
	eachRaw(t, bothVersions, func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call) {
		p.put(p.made(data, ""))
		p.put(p.made(data, "after an empty one"))
		p.expect("after an empty one")
		p.put(p.made(data, ""), p.made(data, "together"))
		p.expect("together")
		p.put(p.made(data, "front"), p.made(data, ""), p.made(data, ""))
		p.expect("front")
		p.put(p.made(data, strings.Repeat("x", 1<<14)))
		p.expect(strings.Repeat("x", 1<<14))
		if c.ConnectionState().Version == tls.VersionTLS13 {
			padded, err := p.record.MakePadded(data, []byte("padded"), 5000)
			socktest.Must(t, err)
			p.put(padded)
			p.expect("padded")
		}
		p.put(p.made(alert, "\x01\x00"))
		socktest.Must(t, served.Wait(t))
	})
}

func TestByteByByte(t *testing.T) {
	eachRaw(t, bothVersions, func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call) {
		socktest.Must(t, p.SetNoDelay(true))
		for _, b := range append(p.made(data, "slow"), p.made(alert, "\x01\x00")...) {
			p.put([]byte{b})
		}
		p.expect("slow")
		if err := p.end(); err != io.EOF {
			t.Errorf("the peer got %v, want close_notify", err)
		}
		socktest.Must(t, served.Wait(t))
	})
}

// A FIN within a record, and at its end.
func TestTruncatedRecord(t *testing.T) {
	eachRaw(t, bothVersions, func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call) {
		p.put(p.made(data, "whole"))
		p.expect("whole")
		p.put(p.made(data, "half")[:9])
		socktest.Must(t, p.CloseWrite())
		if err := served.Wait(t); err != io.ErrUnexpectedEOF {
			t.Errorf("%v, want io.ErrUnexpectedEOF", err)
		}
	})
}

// The peer changes its key, and asks for the same or does not. A kernel that cannot change keys
// ends the connection with close_notify.
func TestPeersKeyUpdate(t *testing.T) {
	t.Run("not requested first", func(t *testing.T) { peersKeyUpdates(t, "\x00", "\x01", "\x01") })
	t.Run("requested first", func(t *testing.T) { peersKeyUpdates(t, "\x01", "\x00") })
}

func peersKeyUpdates(t *testing.T, rounds ...string) {
	eachRaw(t, only13, func(t *testing.T, p *rawPeer, c *tlsconn.Conn, served *socktest.Call) {
		p.put(p.made(data, "old key"))
		p.expect("old key") // now the layer is known
		layer, _ := c.Layer()
		for round, asked := range rounds {
			records := p.made(handshake, "\x18\x00\x00\x01"+asked)
			socktest.Must(t, p.record.NextKey())
			p.put(records, p.made(data, "new key"))
			if layer == tlsconn.Kernel && round == 0 && !rekeys() {
				err := served.Wait(t)
				if err == nil || !strings.Contains(err.Error(), "KeyUpdate") {
					t.Errorf("%v, want an error of the KeyUpdate", err)
				}
				if err := p.end(); err != io.EOF {
					t.Errorf("the peer got %v, want close_notify", err)
				}
				return
			}
			p.expect("new key")
		}
		p.put(p.made(alert, "\x01\x00"))
		socktest.Must(t, served.Wait(t))
	})
}

// The direction of the server ends by close_notify while the peer goes on to send, and the other
// way round.
func TestHalfClose(t *testing.T) {
	for _, layer := range layers {
		for _, m := range modes {
			t.Run(layer.String()+"/"+m.name, func(t *testing.T) {
				need(t, layer)
				socktest.Check(t)
				got := make(chan string, 1)
				p, c, served := newRawPeer(t, layer, tls.VersionTLS13, func(t testing.TB, c *tlsconn.Conn) *socktest.Call {
					return m.run(t, c, func(c *tlsconn.Conn) error {
						if err := c.Handshake(); err != nil {
							return err
						}
						if err := errors.Join(c.CloseWrite(), c.CloseWrite()); err != nil {
							return err
						}
						if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
							t.Errorf("Write after CloseWrite: %v", err)
						}
						text, err := io.ReadAll(c)
						got <- string(text)
						return err
					})
				})
				if err := p.end(); err != io.EOF {
					t.Errorf("the peer got %v, want close_notify", err)
				}
				p.put(p.made(data, "still here"), p.made(alert, "\x01\x00"))
				socktest.Must(t, served.Wait(t))
				if text := <-got; text != "still here" {
					t.Errorf("%q", text)
				}
				socktest.Must(t, c.Close())
			})
		}
	}
}

// A peer that does not read: Close does not wait for ever, and a Write ends by its deadline.
func TestPeerThatDoesNotRead(t *testing.T) {
	for _, layer := range layers {
		t.Run(layer.String(), func(t *testing.T) {
			need(t, layer)
			socktest.Check(t)
			s, peer := wire(t)
			socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_SNDBUF, 8<<10))
			conn, other := sides[0].ends(t, s, peer, layer, nil)
			shook := socktest.Start(other.Handshake)
			socktest.Must(t, conn.Handshake())
			socktest.Must(t, shook.Wait(t))
			socktest.Must(t, conn.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
			big := bytes.Repeat([]byte("0123456789abcdef"), 4<<20/16)
			n, err := conn.Write(big)
			if n >= len(big) || !isTimeout(err) {
				t.Errorf("%d bytes, %v", n, err)
			}
			// The connection goes on where it was.
			socktest.Must(t, conn.SetWriteDeadline(time.Time{}))
			wrote := socktest.Start(func() error {
				_, err := conn.Write(big[n:])
				return errors.Join(err, conn.CloseWrite())
			})
			got, err := io.ReadAll(other)
			if err != nil || !bytes.Equal(got, big) {
				t.Errorf("%d bytes of %d: %v", len(got), len(big), err)
			}
			socktest.Must(t, wrote.Wait(t))
			socktest.Must(t, conn.Close())
		})
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
