package tlsconn

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"

	"github.com/polluxio/pollux/internal/tlsrecord"
)

// A flight gives crypto/tls one record at a time during the handshake. Otherwise crypto/tls would
// read ahead and keep bytes that come after the handshake. Those bytes make no edge, and another
// record layer would never get them.
type flight struct {
	header [tlsrecord.HeaderSize]byte
	have   int      // bytes of header that were received
	rest   int      // bytes of the record's body that were not received
	notes  *secrets // for the switch to another record layer; nil for Standard
}

// room returns how many of n bytes may be received: at most the header, or the rest of the body.
func (f *flight) room(n int) int {
	if f.rest > 0 {
		return min(n, f.rest)
	}
	return min(n, len(f.header)-f.have)
}

// received counts the bytes that were received, at most as many as room allowed.
func (f *flight) received(p []byte) {
	if f.notes != nil && f.rest > 0 && f.header[0] == tlsrecord.TypeHandshake {
		f.notes.hear(p)
	}
	f.pass(p)
}

// pass goes on behind p, and returns how many records end in it.
func (f *flight) pass(p []byte) (records int) {
	for len(p) > 0 {
		n := min(len(p), f.rest)
		f.rest -= n
		if n == 0 {
			n = copy(f.header[f.have:], p)
			if f.have += n; f.have == len(f.header) {
				f.have, f.rest = 0, int(binary.BigEndian.Uint16(f.header[3:]))
			}
		}
		if f.whole() {
			records++
		}
		p = p[n:]
	}
	return records
}

// whole reports whether crypto/tls has got whole records only.
func (f *flight) whole() bool { return f.have == 0 && f.rest == 0 }

// secrets has the secrets of one handshake, from its key log, and parts of its records.
type secrets struct {
	next         io.Writer // the key log of the program, or nil
	client       []byte    // CLIENT_TRAFFIC_SECRET_0
	server       []byte    // SERVER_TRAFFIC_SECRET_0
	master       []byte    // the secret of TLS 1.2
	clientRandom []byte
	heard        []byte // the first bytes of the peer's messages
	sent         []byte // all records that were sent
}

// helloSize is the length of a hello up to the end of its random: type, length, version, random.
const helloSize = 4 + 2 + 32

func (s *secrets) hear(p []byte) {
	s.heard = append(s.heard, p[:min(len(p), helloSize-len(s.heard))]...)
}

// Write takes a line of the key log: a label, the client's random, a secret. See
// https://datatracker.ietf.org/doc/draft-ietf-tls-keylogfile.
func (s *secrets) Write(line []byte) (int, error) {
	if f := bytes.Fields(line); len(f) == 3 {
		random, secret := unhex(f[1]), unhex(f[2])
		switch string(f[0]) {
		case "CLIENT_TRAFFIC_SECRET_0":
			s.client = secret
		case "SERVER_TRAFFIC_SECRET_0":
			s.server = secret
		case "CLIENT_RANDOM":
			s.master, s.clientRandom = secret, random
		}
	}
	if s.next != nil {
		return s.next.Write(line)
	}
	return len(line), nil
}

// unhex returns nil for text that is not hexadecimal.
func unhex(text []byte) []byte {
	b := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(b, text); err != nil {
		return nil
	}
	return b
}

// wipe clears the secrets.
func (s *secrets) wipe() {
	clear(s.client)
	clear(s.server)
	clear(s.master)
}
