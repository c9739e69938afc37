package tlsconn

import "encoding/binary"

// A flight gives crypto/tls one record at a time during the handshake. crypto/tls reads ahead
// otherwise, and would keep the begin of what comes after the handshake: that makes no edge, and is
// lost to another record layer.
type flight struct {
	header [5]byte
	have   int // bytes of header that were received
	rest   int // bytes of the record's body that were not
}

const headerSize = 5

// room is how many of n bytes may be received: not more than the header, or the rest of the body.
func (f *flight) room(n int) int {
	if f.rest > 0 {
		return min(n, f.rest)
	}
	return min(n, headerSize-f.have)
}

// received is called with what was received: no more than room allowed.
func (f *flight) received(p []byte) {
	if f.rest > 0 {
		f.rest -= len(p)
		return
	}
	f.have += copy(f.header[f.have:], p)
	if f.have == headerSize {
		f.have, f.rest = 0, int(binary.BigEndian.Uint16(f.header[3:]))
	}
}

// whole says that crypto/tls has got whole records only.
func (f *flight) whole() bool { return f.have == 0 && f.rest == 0 }
