package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
	"unique"
)

// A summary is the part of its ConnectionState that a connection keeps after it has left
// crypto/tls.
type summary struct {
	protocol unique.Handle[string] // ALPN; many connections have the same
	server   unique.Handle[string] // SNI
	peer     *peer                 // nil without certificates
	curve    tls.CurveID
	flags    uint8
}

// A peer has what the other end has presented: certificates and the like.
type peer struct {
	certificates []*x509.Certificate
	chains       [][]*x509.Certificate
	scts         [][]byte
	ocsp         []byte
}

const (
	didResume = 1 << iota
	echAccepted
	helloRetry
)

func (s *summary) set(c *tls.ConnectionState) {
	s.protocol, s.server, s.curve = unique.Make(c.NegotiatedProtocol), unique.Make(c.ServerName), c.CurveID
	for i, on := range []bool{c.DidResume, c.ECHAccepted, c.HelloRetryRequest} {
		if on {
			s.flags |= 1 << i
		}
	}
	if len(c.PeerCertificates) > 0 || len(c.OCSPResponse) > 0 || len(c.SignedCertificateTimestamps) > 0 {
		s.peer = &peer{c.PeerCertificates, c.VerifiedChains, c.SignedCertificateTimestamps, c.OCSPResponse}
	}
}

func (s *summary) state(version, suite uint16) tls.ConnectionState {
	c := blank()
	c.Version, c.CipherSuite, c.HandshakeComplete = version, suite, true
	c.NegotiatedProtocol, c.ServerName, c.CurveID = s.protocol.Value(), s.server.Value(), s.curve
	c.DidResume, c.ECHAccepted, c.HelloRetryRequest = s.flags&didResume != 0, s.flags&echAccepted != 0, s.flags&helloRetry != 0
	if p := s.peer; p != nil {
		c.PeerCertificates, c.VerifiedChains = p.certificates, p.chains
		c.SignedCertificateTimestamps, c.OCSPResponse = p.scts, p.ocsp
	}
	return c
}

// blank returns the state of a connection before its handshake. Its ExportKeyingMaterial returns an
// error; that of a zero ConnectionState panics.
var blank = sync.OnceValue(func() tls.ConnectionState {
	return tls.Client(nil, &tls.Config{Renegotiation: tls.RenegotiateOnceAsClient}).ConnectionState()
})
