package tlsconn

import (
	"crypto/tls"
	"sync"
)

// prepared has the tls.Config that the connections of a Config use. It is made once, so that all of
// them share its ticket keys.
type prepared struct {
	once sync.Once
	tls  *tls.Config
}

// config returns the tls.Config for a handshake. Renegotiation is refused: it would be a handshake
// within a Read, which must not wait.
func (p *prepared) config(cfg *Config) *tls.Config {
	p.once.Do(func() {
		p.tls = cfg.TLS
		if p.tls.Renegotiation != tls.RenegotiateNever || cfg.Layer != Standard {
			p.tls = p.tls.Clone()
			p.tls.Renegotiation = tls.RenegotiateNever
		}
		if cfg.Layer != Standard {
			p.tls.GetConfigForClient = noting(p.tls, cfg.TLS.GetConfigForClient)
		}
	})
	return p.tls
}

// noting makes GetConfigForClient for connections whose secrets another record layer needs. The
// Config of such a connection is a copy with a key log of its own. crypto/tls still uses the ticket
// keys of the Config that tls.Server got.
func noting(own *tls.Config, choose func(*tls.ClientHelloInfo) (*tls.Config, error)) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		cfg := own
		if choose != nil {
			chosen, err := choose(hello)
			if err != nil {
				return nil, err
			}
			if chosen != nil {
				cfg = chosen
			}
		}
		t, ok := hello.Conn.(*transport)
		if !ok || t.flight.notes == nil {
			return cfg, nil
		}
		return noted(cfg, t.flight.notes), nil
	}
}

// noted returns a copy of cfg with a key log for s.
func noted(cfg *tls.Config, s *secrets) *tls.Config {
	cfg = cfg.Clone()
	s.next = cfg.KeyLogWriter
	cfg.KeyLogWriter = s
	cfg.Renegotiation = tls.RenegotiateNever
	return cfg
}

// SetSessionTicketKeys sets the keys of session tickets, as the method of tls.Config does, for a
// Config in use. With a layer other than Standard the connections use a copy of Config.TLS, so a
// call on that would have no effect.
func (cfg *Config) SetSessionTicketKeys(keys [][32]byte) {
	cfg.TLS.SetSessionTicketKeys(keys)
	if own := cfg.prepared.config(cfg); own != cfg.TLS {
		own.SetSessionTicketKeys(keys)
	}
}
