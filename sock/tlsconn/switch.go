package tlsconn

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/polluxio/pollux/internal/tlsrecord"
)

// This file finds the secrets and the record numbers with which another record layer takes over
// from crypto/tls. The tests compare both with the fields of crypto/tls.

var (
	errResumed = errors.New("crypto/tls gives no secrets of a session of TLS 1.2 that was resumed")
	errWithin  = errors.New("crypto/tls has a part of a record")
	errDoubt   = errors.New("the number of tickets that crypto/tls has sent is in doubt")
)

// params returns the values with which a record layer begins after the handshake that t has seen.
// The secrets are cleared with those of t.
//
// The error is the reason if no other record layer can take over.
func (t *transport) params(state *tls.ConnectionState, client bool) (*tlsrecord.Params, error) {
	s := t.flight.notes
	suite := tlsrecord.SuiteOf(state.Version, state.CipherSuite)
	p := &tlsrecord.Params{Version: state.Version, Suite: state.CipherSuite, Client: client}
	switch {
	case suite == nil:
		return nil, fmt.Errorf("%s with %s is left to crypto/tls", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
	case !t.flight.whole():
		return nil, errWithin
	case state.Version == tls.VersionTLS12:
		if s.master == nil {
			return nil, errResumed
		}
		serverRandom := s.heard
		if !client {
			serverRandom = s.sent[min(len(s.sent), tlsrecord.HeaderSize):]
		}
		if len(serverRandom) < helloSize || len(s.clientRandom) != 32 {
			return nil, errWithin
		}
		ck, civ, sk, siv := suite.Keys12(s.master, s.clientRandom, serverRandom[6:helloSize])
		p.In, p.Out = append(ck, civ...), append(sk, siv...)
		p.InSeq, p.OutSeq = 1, 1 // the finished messages were number 0
	default:
		if s.client == nil || s.server == nil {
			return nil, errors.New("crypto/tls has given no secrets")
		}
		p.In, p.Out = s.client, s.server
		if !client {
			n, err := s.tickets(suite)
			if err != nil {
				return nil, err
			}
			p.OutSeq = n
		}
	}
	if client {
		p.In, p.Out = p.Out, p.In
	}
	return p, nil
}

// tickets counts the records that a server of TLS 1.3 has sent with its first application keys.
// They are its tickets, and may be in the flight of the handshake.
func (s *secrets) tickets(suite *tlsrecord.Suite) (n uint64, err error) {
	if suite.ChaCha() {
		return s.ticketsBySize(suite)
	}
	opener, err := tlsrecord.New(&tlsrecord.Params{Version: tls.VersionTLS13, Suite: suite.ID, Client: true, In: s.server, Out: s.client})
	if err != nil {
		return 0, err
	}
	eachRecord(s.sent, func(record []byte) {
		if record[0] == tlsrecord.TypeData && opener.Decrypts(record) {
			n++
		}
	})
	return n, nil
}

// ticketsBySize is tickets for a cipher that the standard library has only inside crypto/tls. It
// finds the Finished message by its length, which mostly no other record of the flight has: at the
// end of the flight, or before one ticket.
func (s *secrets) ticketsBySize(suite *tlsrecord.Suite) (uint64, error) {
	const tag, typ = 16, 1
	finished := tlsrecord.HeaderSize + 4 + suite.SecretSize() + typ + tag
	var sizes []int
	eachRecord(s.sent, func(record []byte) {
		if record[0] == tlsrecord.TypeData {
			sizes = append(sizes, len(record))
		}
	})
	if len(sizes) < 2 {
		return 0, errDoubt
	}
	last, before := sizes[len(sizes)-1] == finished, sizes[len(sizes)-2] == finished
	switch {
	case last && !before:
		return 0, nil
	case before && !last:
		return 1, nil
	}
	return 0, errDoubt
}

// eachRecord calls fn with each whole record in p.
func eachRecord(p []byte, fn func(record []byte)) {
	for len(p) >= tlsrecord.HeaderSize {
		n := tlsrecord.HeaderSize + int(binary.BigEndian.Uint16(p[3:]))
		if n > len(p) {
			return
		}
		fn(p[:n:n])
		p = p[n:]
	}
}
