package tlsrecord

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"testing"
)

// ends are both ends of a connection of that version and suite, with secrets of the test's.
func ends(t testing.TB, version, suite uint16) (client, server *Conn) {
	t.Helper()
	s := SuiteOf(version, suite)
	n := s.KeySize + s.IVSize
	if version == tls.VersionTLS13 {
		n = s.SecretSize()
	}
	a, b := bytes.Repeat([]byte{1}, n), bytes.Repeat([]byte{2}, n)
	client, err := New(&Params{Version: version, Suite: suite, Client: true, In: a, Out: b, InSeq: 1, OutSeq: 1})
	if err != nil {
		t.Fatal(err)
	}
	server, err = New(&Params{Version: version, Suite: suite, In: b, Out: a, InSeq: 1, OutSeq: 1})
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

var served = []struct {
	name           string
	version, suite uint16
}{
	{"1.3 AES-128", tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256},
	{"1.3 AES-256", tls.VersionTLS13, tls.TLS_AES_256_GCM_SHA384},
	{"1.2 AES-128", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
	{"1.2 AES-256", tls.VersionTLS12, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
}

// all opens the records in p, and returns their data.
func all(c *Conn, p []byte) (data []byte, err error) {
	for len(p) > 0 {
		n, err := c.Size(p)
		if err != nil {
			return data, err
		}
		if n == 0 || n > len(p) {
			return data, io.ErrShortBuffer
		}
		text, err := c.Open(p[:n])
		data = append(data, text...)
		if err != nil {
			return data, err
		}
		p = p[n:]
	}
	return data, nil
}

func TestSealAndOpen(t *testing.T) {
	for _, v := range served {
		t.Run(v.name, func(t *testing.T) {
			a, b := ends(t, v.version, v.suite)
			if a.Version() != v.version || a.Suite() != v.suite {
				t.Errorf("%x, %x", a.Version(), a.Suite())
			}
			for _, n := range []int{0, 1, 100, MaxPlaintext - 1, MaxPlaintext, MaxPlaintext + 1, 5 * MaxPlaintext} {
				want := make([]byte, n)
				for i := range want {
					want[i] = byte(rand.Uint32())
				}
				records, err := a.Seal(nil, want)
				if err != nil {
					t.Fatal(err)
				}
				if most := n + Overhead*((n+MaxPlaintext-1)/MaxPlaintext); len(records) > most {
					t.Errorf("%d bytes became %d, at most %d are right", n, len(records), most)
				}
				if got, err := all(b, records); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes: %d came, or they differ: %v", n, len(got), err)
				}
				a, b = b, a
			}
		})
	}
}

// rule is one record that is not right, or not data, and what it does.
func TestRules(t *testing.T) {
	const (
		v13 = 1 << iota
		v12
		atClient
		atServer
	)
	const both = v13 | v12 | atClient | atServer
	type step struct {
		typ  byte
		text string
	}
	for _, tt := range []struct {
		name  string
		where int
		steps []step
		local int // the alert that is sent, or -1
		peer  int // the alert that was received, or -1
		end   bool
	}{
		{"close_notify", both, []step{{TypeAlert, "\x01\x00"}}, -1, -1, true},
		{"fatal alert", both, []step{{TypeAlert, "\x02\x2a"}}, -1, 42, false},
		{"warning of 1.2", v12 | atClient | atServer, []step{{TypeAlert, "\x01\x5a"}}, -1, -1, false},
		{"a level that does not exist", v12 | atClient | atServer, []step{{TypeAlert, "\x03\x2a"}}, 47, -1, false},
		{"a warning of 1.3 is fatal", v13 | atClient | atServer, []step{{TypeAlert, "\x01\x2a"}}, -1, 42, false},
		{"user_canceled", v13 | atClient | atServer, []step{{TypeAlert, "\x01\x5a"}}, -1, -1, false},
		{"a short alert", both, []step{{TypeAlert, "\x01"}}, 50, -1, false},
		{"a long alert", both, []step{{TypeAlert, "\x01\x00\x00"}}, 50, -1, false},
		{"an empty alert", both, []step{{TypeAlert, ""}}, 50, -1, false},
		{"an empty message", both, []step{{TypeHandshake, ""}}, 10, -1, false},
		{"a ticket", v13 | atClient, []step{{TypeHandshake, aTicket}}, -1, -1, false},
		{"a ticket that is none", v13 | atClient, []step{{TypeHandshake, "\x04\x00\x00\x01x"}}, 50, -1, false},
		{"a ticket that is too long", v13 | atClient, []step{{TypeHandshake, "\x04\x00\x00\x13" + aTicket[4:] + "x"}}, 50, -1, false},
		{"a ticket in pieces", v13 | atClient, []step{{TypeHandshake, aTicket[:2]}, {TypeHandshake, aTicket[2:7]}, {TypeHandshake, aTicket[7:]}}, -1, -1, false},
		{"two tickets in one record", v13 | atClient, []step{{TypeHandshake, aTicket + aTicket}}, -1, -1, false},
		{"data within a ticket", v13 | atClient, []step{{TypeHandshake, "\x04\x00"}, {TypeData, "x"}}, 10, -1, false},
		{"a ticket from a client", v13 | atServer, []step{{TypeHandshake, aTicket}}, 10, -1, false},
		{"a client hello", v13 | v12 | atServer, []step{{TypeHandshake, "\x01\x00\x00\x01x"}}, 10, -1, false},
		{"a hello request", v12 | atClient, []step{{TypeHandshake, "\x00\x00\x00\x00"}}, 100, -1, false},
		{"a hello request in 1.3", v13 | atClient, []step{{TypeHandshake, "\x00\x00\x00\x00"}}, 10, -1, false},
		{"a message without end", both, []step{{TypeHandshake, "\x04\xff\xff\xff"}}, 50, -1, false},
		{"KeyUpdate of no byte", v13 | atClient | atServer, []step{{TypeHandshake, "\x18\x00\x00\x00"}}, 50, -1, false},
		{"KeyUpdate with another value", v13 | atClient | atServer, []step{{TypeHandshake, "\x18\x00\x00\x01\x02"}}, 47, -1, false},
		{"KeyUpdate that does not end its record", v13 | atClient | atServer, []step{{TypeHandshake, "\x18\x00\x00\x01\x00\x18"}}, 10, -1, false},
		{"KeyUpdate in 1.2", v12 | atClient | atServer, []step{{TypeHandshake, "\x18\x00\x00\x01\x00"}}, 10, -1, false},
		{"another type", both, []step{{99, "x"}}, 10, -1, false},
		{"too many empty records", both, make17(step{TypeData, ""}), 10, -1, false},
	} {
		for _, v := range served {
			for _, client := range []bool{false, true} {
				is13 := v.version == tls.VersionTLS13
				if is13 && tt.where&v13 == 0 || !is13 && tt.where&v12 == 0 || client && tt.where&atClient == 0 || !client && tt.where&atServer == 0 {
					continue
				}
				t.Run(fmt.Sprintf("%s/%s/client=%v", tt.name, v.name, client), func(t *testing.T) {
					from, to := ends(t, v.version, v.suite)
					if client {
						from, to = to, from
					}
					var err error
					for i, s := range tt.steps {
						record, made := from.record(nil, s.typ, []byte(s.text))
						if made != nil {
							t.Fatal(made)
						}
						if _, err = to.Open(record); err != nil && i < len(tt.steps)-1 {
							t.Fatalf("step %d: %v", i, err)
						}
					}
					reply, failed := to.Reply(nil)
					if failed != nil {
						t.Fatal(failed)
					}
					want := -1
					var op *net.OpError
					var alert tls.AlertError
					switch {
					case tt.end:
						if err != io.EOF {
							t.Errorf("%v, want io.EOF", err)
						}
					case tt.local >= 0:
						want = tt.local
						if !errors.As(err, &op) || op.Op != "local error" || !errors.As(err, &alert) || int(alert) != want {
							t.Errorf("%v, want the local error %d", err, want)
						}
					case tt.peer >= 0:
						if !errors.As(err, &op) || op.Op != "remote error" || !errors.As(err, &alert) || int(alert) != tt.peer {
							t.Errorf("%v, want the remote error %d", err, tt.peer)
						}
					case err != nil:
						t.Error(err)
					}
					if want < 0 {
						if len(reply) > 0 {
							t.Errorf("a reply of %d bytes", len(reply))
						}
						return
					}
					if _, err := from.Open(reply); !errors.As(err, &alert) || int(alert) != want {
						if want != int(alertNoRenegotiation) { // which is a warning, and ignored
							t.Errorf("the peer got %v, want the alert %d", err, want)
						}
					}
					if _, err := to.Seal(nil, []byte("x")); err != net.ErrClosed {
						t.Errorf("Seal after an alert: %v", err)
					}
				})
			}
		}
	}
}

func make17[T any](v T) []T {
	var list []T
	for range maxUseless + 1 {
		list = append(list, v)
	}
	return list
}

// What is wrong with a record itself.
func TestBadRecords(t *testing.T) {
	for _, v := range served {
		_, c := ends(t, v.version, v.suite)
		limit := maxBody12
		if v.version == tls.VersionTLS13 {
			limit = maxBody13
		}
		for _, tt := range []struct {
			name   string
			record []byte
			alert  tls.AlertError
		}{
			{"another version", []byte{23, 3, 1, 0, 40}, alertProtocolVersion},
			{"oversized", []byte{23, 3, 3, byte((limit + 1) >> 8), byte(limit + 1)}, alertRecordOverflow},
			{"empty", []byte{23, 3, 3, 0, 0}, alertBadRecordMAC},
			{"too short for a tag", append([]byte{23, 3, 3, 0, 15}, make([]byte, 15)...), alertBadRecordMAC},
			{"zeros", append([]byte{23, 3, 3, 0, 40}, make([]byte, 40)...), alertBadRecordMAC},
		} {
			_, err := all(c, bytes.Clone(tt.record))
			var alert tls.AlertError
			if !errors.As(err, &alert) || alert != tt.alert {
				t.Errorf("%s: %s: %v, want the alert %d", v.name, tt.name, err, tt.alert)
			}
		}
		if n, err := c.Size([]byte{23, 3, 3, byte(limit >> 8), byte(limit)}); n != HeaderSize+limit || err != nil {
			t.Errorf("the longest: %d, %v", n, err)
		}
		if n, err := c.Size([]byte{23, 3, 3, 0}); n != 0 || err != nil {
			t.Errorf("a part of a header: %d, %v", n, err)
		}
	}
	_, server := ends(t, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
	if _, err := all(server, []byte{20, 3, 3, 0, 1, 1}); err == nil {
		t.Error("a change_cipher_spec after the handshake")
	}
}

// plain13 makes a record of TLS 1.3 of any inner plaintext.
func plain13(t testing.TB, c *Conn, inner []byte) []byte {
	t.Helper()
	l, err := c.out.cipher(c.suite, true)
	if err != nil {
		t.Fatal(err)
	}
	n := len(inner) + tagSize
	header := []byte{TypeData, 3, 3, byte(n >> 8), byte(n)}
	nonce := c.out.nonce13(l)
	c.out.seq++
	return l.aead.Seal(header, nonce, inner, header[:5:5])
}

func TestPadding(t *testing.T) {
	for _, tt := range []struct {
		name  string
		inner []byte
		want  string
		alert tls.AlertError
	}{
		{"padded", append([]byte("text\x17"), make([]byte, 1000)...), "text", 0},
		{"padded to the limit", append([]byte("text\x17"), make([]byte, MaxPlaintext-4)...), "text", 0},
		{"padded beyond it", append([]byte("text\x17"), make([]byte, MaxPlaintext-3)...), "", alertRecordOverflow},
		{"zeros at the end of the text", []byte("text\x00\x00\x17\x00"), "text\x00\x00", 0},
		{"padding only", make([]byte, 100), "", alertUnexpectedMessage},
		{"nothing", nil, "", alertUnexpectedMessage},
		{"too much text", append(make([]byte, MaxPlaintext+1), 23), "", alertRecordOverflow},
	} {
		from, to := ends(t, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
		got, err := to.Open(plain13(t, from, tt.inner))
		var alert tls.AlertError
		if errors.As(err, &alert); alert != tt.alert || string(got) != tt.want {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func TestKeyUpdate(t *testing.T) {
	for _, v := range served[:2] {
		for _, asked := range []byte{0, 1} {
			a, b := ends(t, v.version, v.suite)
			for range 3 {
				record, err := a.record(nil, TypeHandshake, []byte{messageKeyUpdate, 0, 0, 1, asked})
				if err != nil {
					t.Fatal(err)
				}
				if err := a.out.update(a.suite); err != nil {
					t.Fatal(err)
				}
				if record, err = a.Seal(record, []byte("new key")); err != nil {
					t.Fatal(err)
				}
				if got, err := all(b, record); string(got) != "new key" || err != nil {
					t.Fatalf("asked %d: %q, %v", asked, got, err)
				}
				if b.Replies() != (asked == 1) {
					t.Errorf("asked %d: replies: %v", asked, b.Replies())
				}
				reply, err := b.Reply(nil)
				if err != nil {
					t.Fatal(err)
				}
				if reply, err = b.Seal(reply, []byte("answer")); err != nil {
					t.Fatal(err)
				}
				if got, err := all(a, reply); string(got) != "answer" || err != nil {
					t.Fatalf("asked %d: the answer is %q, %v", asked, got, err)
				}
			}
			if asked == 1 && b.out.secret == a.out.secret {
				t.Error("the directions have the same secret")
			}
		}
	}
}

// A key of TLS 1.3 is changed in time; the numbers of TLS 1.2 end.
func TestLimits(t *testing.T) {
	a, b := ends(t, tls.VersionTLS13, tls.TLS_AES_128_GCM_SHA256)
	a.out.seq, b.in.seq = RecordsPerKey-1, RecordsPerKey-1
	secret := a.out.secret
	for i := range 3 {
		record, err := a.Seal(nil, []byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := all(b, record); string(got) != "text" || err != nil {
			t.Errorf("record %d: %q, %v", i, got, err)
		}
	}
	if a.out.secret == secret || a.out.seq != 2 {
		t.Errorf("the key is the same after %d records of the second", a.out.seq)
	}

	a, b = ends(t, tls.VersionTLS12, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256)
	a.out.seq, b.in.seq = math.MaxUint64-1, math.MaxUint64-1
	record, err := a.Seal(nil, []byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Seal(nil, []byte("x")); err != ErrRecords {
		t.Errorf("Seal: %v, want ErrRecords", err)
	}
	if got, err := all(b, record); string(got) != "last" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := b.Open(record); !errors.As(err, new(tls.AlertError)) {
		t.Errorf("Open: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	secret := make([]byte, 32)
	for _, tt := range []struct {
		name   string
		p      Params
		cipher bool
	}{
		{"ChaCha20", Params{Version: tls.VersionTLS13, Suite: tls.TLS_CHACHA20_POLY1305_SHA256, In: secret, Out: secret}, true},
		{"1.1", Params{Version: tls.VersionTLS11, Suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}, false},
		{"CBC", Params{Version: tls.VersionTLS12, Suite: tls.TLS_RSA_WITH_AES_128_CBC_SHA}, false},
		{"a suite of another version", Params{Version: tls.VersionTLS12, Suite: tls.TLS_AES_128_GCM_SHA256}, false},
		{"a short secret", Params{Version: tls.VersionTLS13, Suite: tls.TLS_AES_128_GCM_SHA256, In: secret, Out: secret[:31]}, false},
	} {
		if _, err := New(&tt.p); err == nil || errors.Is(err, ErrCipher) != tt.cipher {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
