package tlsrecord

import (
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mrand "math/rand/v2"
	"net"
	"strings"
	"testing"

	"github.com/polluxio/pollux/internal/selfsigned"
)

// A recording is a net.Conn that keeps what is written.
type recording struct {
	net.Conn
	wrote []byte
}

func (r *recording) Write(p []byte) (int, error) {
	r.wrote = append(r.wrote, p...)
	return r.Conn.Write(p)
}

// A reference is one end in crypto/tls after a handshake with another, whose place the test takes.
type reference struct {
	tc       *tls.Conn
	raw      net.Conn // the place of the other end
	maker    *Conn    // makes the records of the other end
	own, alt *Params  // of the end in crypto/tls, and of the other
}

// newReference makes the handshake. client says that the end in crypto/tls is the client.
func newReference(t testing.TB, version, suite uint16, client bool) *reference {
	t.Helper()
	c, s := net.Pipe()
	rs := &recording{Conn: s}
	var log bytes.Buffer
	server := tls.Server(rs, &tls.Config{Certificates: []tls.Certificate{selfsigned.Certificate()}, MaxVersion: version, KeyLogWriter: &log,
		SessionTicketsDisabled: true, CipherSuites: []uint16{suite}})
	peer := tls.Client(c, &tls.Config{InsecureSkipVerify: true, MaxVersion: version, MinVersion: version, CipherSuites: []uint16{suite}})
	shook := make(chan error, 1)
	go func() { shook <- peer.Handshake() }()
	if err := errors.Join(server.Handshake(), <-shook); err != nil {
		t.Fatal(err)
	}
	state := server.ConnectionState()
	cp, sp, err := testParams(state.Version, state.CipherSuite, log.String(), rs.wrote)
	if err != nil {
		t.Fatal(err)
	}
	r := &reference{tc: server, raw: c, own: sp, alt: cp}
	if client {
		r = &reference{tc: peer, raw: s, own: cp, alt: sp}
	}
	if r.maker, err = New(r.alt); err != nil {
		t.Fatal(err)
	}
	return r
}

// testParams are both ends' of a key log.
func testParams(version, suite uint16, log string, server []byte) (c, s *Params, err error) {
	secrets := make(map[string][]byte)
	var random []byte
	for line := range strings.SplitSeq(log, "\n") {
		f := strings.Fields(line)
		if len(f) == 3 {
			random, _ = hex.DecodeString(f[1])
			secrets[f[0]], err = hex.DecodeString(f[2])
		}
	}
	in, out, seq := secrets["CLIENT_TRAFFIC_SECRET_0"], secrets["SERVER_TRAFFIC_SECRET_0"], uint64(0)
	if version == tls.VersionTLS12 {
		ck, civ, sk, siv := SuiteOf(version, suite).Keys12(secrets["CLIENT_RANDOM"], random, server[11:43])
		in, out, seq = append(ck, civ...), append(sk, siv...), 1
	}
	s = &Params{Version: version, Suite: suite, In: in, Out: out, InSeq: seq, OutSeq: seq}
	c = &Params{Version: version, Suite: suite, Client: true, In: out, Out: in, InSeq: seq, OutSeq: seq}
	return c, s, err
}

// run gives the bytes, in pieces, to the end in crypto/tls, and returns the data and the error that
// came out.
func (r *reference) run(wire []byte) (data []byte, err error) {
	go io.Copy(io.Discard, r.raw)
	go func() {
		for len(wire) > 0 {
			n := 1 + mrand.IntN(min(len(wire), 3000))
			if _, err := r.raw.Write(wire[:n]); err != nil {
				return
			}
			wire = wire[n:]
		}
	}()
	data, err = io.ReadAll(r.tc)
	if err == nil {
		err = io.EOF
	}
	r.raw.Close()
	r.tc.NetConn().Close()
	return data, err
}

// class is an error without what may differ: which alert is sent for what is wrong is a matter of
// taste, which alert was received is not.
func class(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return "none"
	case err == io.EOF:
		return "end"
	case errors.As(err, &op) && op.Op == "remote error":
		return err.Error()
	}
	return "local error"
}

// aTicket is a NewSessionTicket: for an hour, of four bytes.
const aTicket = "\x04\x00\x00\x12\x00\x00\x0e\x10\x00\x00\x00\x01\x01\x00\x00\x04abcd\x00\x00"

// A script is what one end sends. Its records are made anew for each connection.
type script []func(t testing.TB, c *Conn) []byte

func (s script) records(t testing.TB, c *Conn) (wire []byte) {
	for _, step := range s {
		wire = append(wire, step(t, c)...)
	}
	return wire
}

// randomScript is of data mostly, in all sizes, with what may come between, and ends with
// close_notify, an alert, or something that is wrong.
func randomScript(r *mrand.Rand, tls13, toClient bool) (s script) {
	text := func(n int) []byte {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(r.Uint32())
		}
		return p
	}
	add := func(typ byte, text []byte) {
		s = append(s, func(t testing.TB, c *Conn) []byte {
			record, err := c.record(nil, typ, text)
			if err != nil {
				t.Fatal(err)
			}
			return record
		})
	}
	for range r.IntN(30) {
		switch n := r.IntN(12); {
		case n < 5:
			add(TypeData, text(1+r.IntN(200)))
		case n < 6:
			add(TypeData, text([]int{1, MaxPlaintext - 1, MaxPlaintext}[r.IntN(3)]))
		case n < 7:
			add(TypeData, nil)
		case n < 9 && tls13:
			asked := byte(r.IntN(2))
			s = append(s, func(t testing.TB, c *Conn) []byte {
				record, err := c.record(nil, TypeHandshake, []byte{messageKeyUpdate, 0, 0, 1, asked})
				if err == nil {
					err = c.out.update(c.suite)
				}
				if err != nil {
					t.Fatal(err)
				}
				return record
			})
		case n < 10 && tls13:
			inner := append(append(text(1+r.IntN(100)), TypeData), make([]byte, r.IntN(1000))...)
			s = append(s, func(t testing.TB, c *Conn) []byte { return plain13(t, c, inner) })
		case n < 11 && tls13 && toClient:
			ticket := []byte(aTicket)
			cut := 1 + r.IntN(len(ticket)-1)
			add(TypeHandshake, ticket[:cut])
			add(TypeHandshake, ticket[cut:])
		case n < 11 && !tls13:
			// Data follows: crypto/tls looks at an alert behind data at once, and in doing so it
			// would overlook a message that comes behind a warning.
			add(TypeAlert, []byte{levelWarning, byte(alertUserCanceled)})
			add(TypeData, text(1+r.IntN(200)))
		}
	}
	switch r.IntN(8) {
	case 0:
		add(TypeAlert, []byte{levelFatal, byte(1 + r.IntN(90))})
	case 1:
		add(byte(r.IntN(20)), text(3))
	case 2:
		add(TypeHandshake, append([]byte{byte(r.IntN(256)), 0, 0, 36}, text(36)...))
	case 3:
		add(TypeAlert, text(3))
	case 4:
		s = append(s, func(t testing.TB, c *Conn) []byte {
			record, err := c.record(nil, TypeData, []byte("damaged"))
			if err != nil {
				t.Fatal(err)
			}
			record[len(record)-1] ^= 1
			return record
		})
	case 5:
		s = append(s, func(testing.TB, *Conn) []byte { return []byte{TypeData, 3, 3, 0xff, 0xff} })
	case 6:
		for range maxUseless + 1 {
			add(TypeData, nil)
		}
	default:
	}
	add(TypeAlert, []byte{levelWarning, byte(alertCloseNotify)})
	return s
}

// Over random scripts both receive the same data and come to the same end: crypto/tls, and this
// package.
func TestDifferential(t *testing.T) {
	scripts := 60
	if testing.Short() {
		scripts = 10
	}
	for _, v := range served {
		for _, client := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/client=%v", v.name, client), func(t *testing.T) {
				for range scripts {
					seed := mrand.Uint64()
					s := randomScript(mrand.New(mrand.NewPCG(seed, 1)), v.version == tls.VersionTLS13, client)
					ref := newReference(t, v.version, v.suite, client)
					wantData, wantErr := ref.run(s.records(t, ref.maker))

					p := *ref.own
					c, err := New(&p)
					if err != nil {
						t.Fatal(err)
					}
					maker, err := New(ref.alt)
					if err != nil {
						t.Fatal(err)
					}
					data, err := all(c, s.records(t, maker))
					if !bytes.Equal(data, wantData) || class(err) != class(wantErr) {
						t.Fatalf("seed %d: %d bytes and %v; crypto/tls: %d bytes and %v", seed, len(data), err, len(wantData), wantErr)
					}
				}
			})
		}
	}
}

// crypto/tls opens what this package makes: data of all sizes, KeyUpdates that are due, and those
// that were asked for.
func TestSealForCryptoTLS(t *testing.T) {
	for _, v := range served {
		for _, client := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/client=%v", v.name, client), func(t *testing.T) {
				ref := newReference(t, v.version, v.suite, client)
				var wire, want []byte
				for i, n := range []int{1, 100, MaxPlaintext, 3*MaxPlaintext + 1, 7} {
					text := bytes.Repeat([]byte{byte(i + 1)}, n)
					want = append(want, text...)
					if i == 2 && v.version == tls.VersionTLS13 {
						ref.maker.reply = replyUpdate
						var err error
						if wire, err = ref.maker.Reply(wire); err != nil {
							t.Fatal(err)
						}
					}
					var err error
					if wire, err = ref.maker.Seal(wire, text); err != nil {
						t.Fatal(err)
					}
				}
				wire, err := ref.maker.CloseNotify(wire)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := ref.run(wire); !bytes.Equal(got, want) || err != io.EOF {
					t.Errorf("%d bytes of %d: %v", len(got), len(want), err)
				}
			})
		}
	}
}

// FuzzOpen gives a Conn what no peer should send: records with any header, and records that were
// made with the right key and hold anything.
func FuzzOpen(f *testing.F) {
	f.Add(byte(0), []byte{23, 3, 3, 0, 2, 1, 2})
	f.Add(byte(1), []byte("\x16\x04\x00\x00\x01x"))
	f.Add(byte(3), []byte("\x15\x01\x00"))
	f.Add(byte(5), []byte("\x16\x18\x00\x00\x01\x01"))
	f.Add(byte(7), []byte("\x17text"))
	f.Fuzz(func(t *testing.T, how byte, in []byte) {
		v := served[int(how>>1)%len(served)]
		from, to := ends(t, v.version, v.suite)
		if how>>4&1 != 0 {
			from, to = to, from
		}
		if how&1 == 0 {
			all(to, bytes.Clone(in))
			return
		}
		// The input is cut into records: a type, a length, and that many bytes.
		for len(in) > 1 {
			n := min(int(in[1]), len(in)-2)
			record, err := from.record(nil, in[0], in[2:2+n])
			if err != nil {
				t.Fatal(err)
			}
			in = in[2+n:]
			data, err := to.Open(record)
			if len(data) > MaxPlaintext {
				t.Errorf("%d bytes of data", len(data))
			}
			if _, failed := to.Reply(nil); failed != nil {
				t.Error(failed)
			}
			if err != nil {
				return
			}
		}
	})
}
