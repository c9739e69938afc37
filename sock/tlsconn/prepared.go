package tlsconn

import (
	"crypto/tls"
	"sync"
)

// prepared is the tls.Config of a Config as connections use it: made once, so that all of them
// share its ticket keys.
type prepared struct {
	once sync.Once
	tls  *tls.Config
}

// config returns the tls.Config for a handshake. Renegotiation is refused: it would be a handshake
// within a Read, which must not wait.
func (p *prepared) config(cfg *Config) *tls.Config {
	p.once.Do(func() {
		p.tls = cfg.TLS
		if p.tls.Renegotiation != tls.RenegotiateNever {
			p.tls = p.tls.Clone()
			p.tls.Renegotiation = tls.RenegotiateNever
		}
	})
	return p.tls
}
