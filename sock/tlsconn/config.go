package tlsconn

import (
	"crypto/tls"
	"fmt"
	"time"
)

// A Layer is what makes records of plaintext, and plaintext of records, after the handshake.
type Layer uint8

const (
	// Standard is crypto/tls. An idle connection in callback mode takes about 8 KB.
	Standard Layer = iota
	// Compact is a record layer of this module, which keeps keys and numbers only while nothing is
	// under way. It serves AES-GCM in TLS 1.3 and 1.2. A client drops the tickets that come after
	// the handshake of TLS 1.3, so that its next connection does not resume the session.
	Compact
	// Kernel is the kernel's (kTLS, Linux). Send, Recv, Sendmsg and Sendfile of the socket itself
	// carry plaintext from then on. Tickets are dropped as with Compact.
	//
	// A KeyUpdate of the peer, and the own one after 2^24 records of Write, need Linux 6.14.
	// Before, the connection ends with close_notify and an error. What the socket itself sends is
	// not counted.
	Kernel
)

func (l Layer) String() string {
	switch l {
	case Standard:
		return "standard"
	case Compact:
		return "compact"
	case Kernel:
		return "kernel"
	}
	return fmt.Sprintf("Layer(%d)", uint8(l))
}

// DefaultHandshakeTimeout is how long a handshake may take in all if a Config does not say it.
const DefaultHandshakeTimeout = 10 * time.Second

// A Config says how connections are made. One Config can serve any number of connections, at once;
// it must not be changed or copied after its first use.
type Config struct {
	// TLS is for the handshake, and must not be nil. A client needs ServerName or
	// InsecureSkipVerify, see crypto/tls.
	TLS *tls.Config
	// Layer is the record layer to switch to; the zero Layer is Standard.
	Layer Layer
	// HandshakeTimeout is how long the handshake may take in all, from its first byte to its last.
	// 0: DefaultHandshakeTimeout; negative: for ever. The socket's own timeout and deadlines count
	// beside it.
	HandshakeTimeout time.Duration

	// OffLoop makes the handshakes of watched connections on goroutines, one for each, in place of
	// the loop. Their arithmetic, some 300 us each, then delays no other connection of the loop, if
	// a processor is free for it. A goroutine takes some 10 KB more until the handshake is over.
	OffLoop bool

	prepared prepared
}

func (cfg *Config) handshakeTimeout() time.Duration {
	if cfg.HandshakeTimeout == 0 {
		return DefaultHandshakeTimeout
	}
	return cfg.HandshakeTimeout
}
