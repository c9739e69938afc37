package tlsconn

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/polluxio/pollux/internal/selfsigned"
	"github.com/polluxio/pollux/internal/tlsrecord"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// These tests hold what params finds out against the fields of crypto/tls itself.

// A shaken end has made its handshake, and nothing else.
type shaken struct {
	t      *transport
	tc     *tls.Conn
	client bool
}

// shake makes a handshake of both ends over transports that take notes.
func shake(t *testing.T, server, client *Config) (ends [2]shaken) {
	t.Helper()
	a, b := socktest.TCP.Pair(t)
	server.Layer, client.Layer = Compact, Compact
	for i, s := range []*sock.Socket{a, b} {
		tr := &transport{s: s, sysfd: s.Fileno(), waits: true}
		tr.flight.notes = new(secrets)
		cfg, isClient := server, i == 1
		if isClient {
			cfg = client
		}
		c := &Conn{core: &core{base: s, cfg: cfg, client: isClient}, s: s}
		ends[i] = shaken{tr, c.engine(tr), isClient}
	}
	other := socktest.Start(ends[1].tc.Handshake)
	socktest.Must(t, errors.Join(ends[0].tc.Handshake(), other.Wait(t)))
	return ends
}

// field is a field of a tls.Conn.
func (e *shaken) field(names ...string) reflect.Value {
	v := reflect.ValueOf(e.tc).Elem()
	for _, n := range names {
		v = v.FieldByName(n)
	}
	return v
}

func (e *shaken) seq(half string) uint64 {
	var b [8]byte
	for i := range b {
		b[i] = byte(e.field(half, "seq").Index(i).Uint())
	}
	return binary.BigEndian.Uint64(b[:])
}

// buffered is how many bytes a buffer of a tls.Conn holds.
func (e *shaken) buffered(name string) int {
	return e.field(name, "buf").Len() - int(e.field(name, "off").Int())
}

func (e *shaken) check(t *testing.T) {
	t.Helper()
	state := e.tc.ConnectionState()
	p, err := e.t.params(&state, e.client)
	if err != nil {
		t.Fatalf("client %v: %v", e.client, err)
	}
	if in, out := e.seq("in"), e.seq("out"); p.InSeq != in || p.OutSeq != out {
		t.Errorf("client %v: numbers %d in, %d out; crypto/tls has %d, %d", e.client, p.InSeq, p.OutSeq, in, out)
	}
	for _, name := range []string{"rawInput", "hand"} {
		if n := e.buffered(name); n != 0 {
			t.Errorf("client %v: crypto/tls has %d bytes in %s", e.client, n, name)
		}
	}
	if state.Version == tls.VersionTLS13 {
		in, out := e.field("in", "trafficSecret").Bytes(), e.field("out", "trafficSecret").Bytes()
		if !bytes.Equal(p.In, in) || !bytes.Equal(p.Out, out) {
			t.Errorf("client %v: other secrets than crypto/tls's", e.client)
		}
	}
	if _, err := tlsrecord.New(p); err != nil {
		t.Error(err)
	}
	t.Logf("client %v: %s %s, resumed %v: from %d in, %d out", e.client, tls.VersionName(state.Version),
		tls.CipherSuiteName(state.CipherSuite), state.DidResume, p.InSeq, p.OutSeq)
}

func TestParams(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rounds int // 2: the second resumes the session of the first
		change func(server, client *tls.Config)
	}{
		{"1.3", 1, func(server, client *tls.Config) {}},
		{"1.3 without tickets", 1, func(server, client *tls.Config) { server.SessionTicketsDisabled = true }},
		{"1.3 client certificate", 1, func(server, client *tls.Config) {
			server.ClientAuth = tls.RequireAnyClientCert
			client.Certificates = []tls.Certificate{selfsigned.Certificate()}
		}},
		{"1.3 client certificate that is not given", 1, func(server, client *tls.Config) { server.ClientAuth = tls.RequestClientCert }},
		{"1.3 hello retry", 1, func(server, client *tls.Config) {
			server.CurvePreferences = []tls.CurveID{tls.CurveP521}
			client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP521}
		}},
		{"1.3 short tickets", 1, func(server, client *tls.Config) {
			// With 19 bytes the record of the ticket is as long as that of Finished.
			server.WrapSession = func(tls.ConnectionState, *tls.SessionState) ([]byte, error) { return make([]byte, 19), nil }
		}},
		{"1.3 long certificate chain", 1, func(server, client *tls.Config) {
			long := selfsigned.Certificate()
			for range 100 {
				long.Certificate = append(long.Certificate, long.Certificate[0])
			}
			server.Certificates = []tls.Certificate{long}
		}},
		{"1.3 another Config for this client", 1, func(server, client *tls.Config) {
			other := server.Clone()
			server.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return other, nil }
		}},
		{"1.2 AES-128", 1, func(server, client *tls.Config) { client.MaxVersion = tls.VersionTLS12 }},
		{"1.2 AES-256", 1, func(server, client *tls.Config) {
			client.MaxVersion = tls.VersionTLS12
			client.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		}},
		{"1.2 client certificate", 1, func(server, client *tls.Config) {
			client.MaxVersion = tls.VersionTLS12
			server.ClientAuth = tls.RequireAnyClientCert
			client.Certificates = []tls.Certificate{selfsigned.Certificate()}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			socktest.Check(t)
			server := &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}}
			client := &tls.Config{InsecureSkipVerify: true, ServerName: "localhost"}
			tt.change(server, client)
			ends := shake(t, &Config{TLS: server}, &Config{TLS: client})
			for i := range ends {
				ends[i].check(t)
			}
		})
	}
}

// A session that is resumed: with tickets of the shared Config, in spite of a copy for each
// connection. In TLS 1.2 crypto/tls gives no secrets, and the connection stays with crypto/tls.
func TestParamsResumed(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			socktest.Check(t)
			server := &Config{TLS: &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}}}
			client := &Config{TLS: &tls.Config{InsecureSkipVerify: true, ServerName: "localhost", MaxVersion: version,
				ClientSessionCache: tls.NewLRUClientSessionCache(4)}}
			ends := shake(t, server, client)
			// The client takes the ticket by a Read.
			for i := range ends {
				ends[i].check(t)
				ends[i].t.waits = false
			}
			if _, err := ends[0].tc.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			socktest.Await(t, "a byte", func() bool {
				ends[1].t.begin()
				n, _ := ends[1].tc.Read(make([]byte, 1))
				return n == 1
			})
			ends = shake(t, server, client)
			for i := range ends {
				state := ends[i].tc.ConnectionState()
				if !state.DidResume {
					t.Fatal("the session was not resumed")
				}
				if version == tls.VersionTLS13 {
					ends[i].check(t)
				} else if _, err := ends[i].t.params(&state, ends[i].client); !errors.Is(err, errResumed) {
					t.Errorf("client %v: %v, want errResumed", ends[i].client, err)
				}
			}
		})
	}
}

// Where a cipher cannot be tried, the number of tickets comes of the lengths of records, or is in
// doubt.
func TestTicketsBySize(t *testing.T) {
	suite := tlsrecord.SuiteOf(tls.VersionTLS13, tls.TLS_CHACHA20_POLY1305_SHA256)
	const finished = 4 + 32 + 1 + 16
	for _, tt := range []struct {
		sizes []int
		want  uint64
		err   error
	}{
		{[]int{100, 500, 96, finished}, 0, nil},
		{[]int{100, 500, 96, finished, 200}, 1, nil},
		{[]int{30, finished}, 0, nil},
		{[]int{finished, finished}, 0, errDoubt},
		{[]int{100, finished, finished}, 0, errDoubt},
		{[]int{100, finished, 200, 200}, 0, errDoubt},
		{[]int{finished}, 0, errDoubt},
		{nil, 0, errDoubt},
	} {
		var s secrets
		s.sent = append(s.sent, 22, 3, 3, 0, 1, 0, 20, 3, 3, 0, 1, 1)
		for _, n := range tt.sizes {
			s.sent = append(s.sent, 23, 3, 3, byte(n>>8), byte(n))
			s.sent = append(s.sent, make([]byte, n)...)
		}
		if got, err := s.tickets(suite); got != tt.want || err != tt.err {
			t.Errorf("%v: %d, %v; want %d, %v", tt.sizes, got, err, tt.want, tt.err)
		}
	}
}

func TestKeyLogGoesOn(t *testing.T) {
	var program bytes.Buffer
	s := &secrets{next: &program}
	lines := "CLIENT_RANDOM 00ff 0102\nSERVER_TRAFFIC_SECRET_0 00ff xx\nSERVER_TRAFFIC_SECRET_0 00ff 0304\n# else\n"
	for line := range bytes.Lines([]byte(lines)) {
		if _, err := s.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprintf("%x %x %x", s.clientRandom, s.master, s.server); program.String() != lines || got != "00ff 0102 0304" {
		t.Errorf("%q, %s", program.String(), got)
	}
	s.wipe()
	if s.master[0] != 0 || s.server[0] != 0 {
		t.Error("wipe leaves secrets")
	}
}
