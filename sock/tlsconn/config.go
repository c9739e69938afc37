package tlsconn

import (
	"crypto/tls"
	"fmt"
	"time"
)

// A Layer is the code that encrypts and decrypts records after the handshake.
type Layer uint8

const (
	// Standard is crypto/tls. An idle connection with a Handler takes about 8 KB.
	Standard Layer = iota
	// Compact is a record layer of this module. An idle connection keeps only keys and numbers. It
	// supports AES-GCM in TLS 1.3 and 1.2. A client ignores the tickets that come after the
	// handshake of TLS 1.3, so its next connection does not resume the session.
	Compact
	// Kernel is the record layer of the kernel (kTLS, Linux). Send, Recv, Sendmsg and Sendfile of
	// the socket itself then carry plaintext. A client ignores tickets as with Compact.
	//
	// A KeyUpdate of the peer, and the own one after 2^24 records of Write, need Linux 6.14. On an
	// older kernel the connection ends with close_notify and an error. The bytes that the socket
	// itself sends do not count.
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

// DefaultHandshakeTimeout limits the time of a handshake if Config.HandshakeTimeout is 0.
const DefaultHandshakeTimeout = 10 * time.Second

// A Config configures connections. Any number of connections can share one Config. It must not be
// changed or copied after its first use.
type Config struct {
	// TLS configures the handshake. It must not be nil. A client needs ServerName or
	// InsecureSkipVerify: see crypto/tls.
	TLS *tls.Config
	// Layer is the record layer after the handshake. The zero Layer is Standard.
	Layer Layer
	// HandshakeTimeout limits the total time of the handshake. 0: DefaultHandshakeTimeout.
	// Negative: no limit. The timeout and the deadlines of the socket apply too.
	HandshakeTimeout time.Duration

	// OffLoop runs the handshake of each watched connection on a goroutine and not on the loop. Its
	// arithmetic takes about 300 us; it then delays no other connection of the loop if a processor
	// is free. The goroutine takes about 10 KB more until the handshake is over.
	OffLoop bool

	prepared prepared
}

func (cfg *Config) handshakeTimeout() time.Duration {
	if cfg.HandshakeTimeout == 0 {
		return DefaultHandshakeTimeout
	}
	return cfg.HandshakeTimeout
}
