// Package tlsrecord is the record layer of TLS 1.3 and 1.2 after the handshake, for connections
// that must be small while they are idle. It is RFC 8446, sections 4.6, 5 and 6, and RFC 5246,
// sections 6 and 7.2, with AES-GCM (RFC 5288). All cryptography is that of Go's crypto packages.
//
// A [Conn] makes no system call and keeps no buffer: it opens whole records and makes new ones. The
// secrets and the numbers of the next records come from another implementation of TLS, which has
// made the handshake.
package tlsrecord
