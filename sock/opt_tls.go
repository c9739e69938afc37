package sock

import (
	"encoding/binary"
	"fmt"
)

// TLS in the kernel (Linux). The program makes the handshake; after it the kernel encrypts and
// decrypts. See tls.rst of the kernel.
//
//	s.SetULP("tls")
//	s.SetTLSTx(keys)
//	s.Sendall(text, 0) // the kernel sends TLS records; Sendfile works too

// <linux/tls.h>; the level <linux/socket.h>
const (
	SOL_TLS = 282
	TLS_TX  = 1
	TLS_RX  = 2

	TLS_SET_RECORD_TYPE = 1 // see TLSRecordType
	TLS_GET_RECORD_TYPE = 2

	TLS_1_2_VERSION = 0x0303
	TLS_1_3_VERSION = 0x0304

	TLS_CIPHER_AES_GCM_128       = 51
	TLS_CIPHER_AES_GCM_256       = 52
	TLS_CIPHER_CHACHA20_POLY1305 = 54 // Linux 5.11
)

// TLSCryptoInfo holds the keys of one direction of a TLS connection.
//
//	struct tls_crypto_info { __u16 version; __u16 cipher_type; };    <linux/tls.h>
//
//	                                  iv      key     salt     rec_seq
//	tls12_crypto_info_aes_gcm_128      4: 8   12: 16  28: 4    32: 8
//	tls12_crypto_info_aes_gcm_256      4: 8   12: 32  44: 4    48: 8
//	tls12_crypto_info_chacha20_poly1305 4: 12 16: 32  48: 0    48: 8
type TLSCryptoInfo struct {
	Version uint16 // TLS_1_2_VERSION, TLS_1_3_VERSION
	Cipher  uint16 // TLS_CIPHER_*
	IV      []byte // 8 bytes; 12 for ChaCha20
	Key     []byte // 16 bytes for AES-128, else 32
	Salt    []byte // 4 bytes; none for ChaCha20
	RecSeq  []byte // 8 bytes: the number of the next record, big-endian
}

// tlsSizes gives, for each cipher, the lengths of IV, Key, Salt and RecSeq.
var tlsSizes = map[uint16][4]int{
	TLS_CIPHER_AES_GCM_128:       {8, 16, 4, 8},
	TLS_CIPHER_AES_GCM_256:       {8, 32, 4, 8},
	TLS_CIPHER_CHACHA20_POLY1305: {12, 32, 0, 8},
}

// Bytes encodes the structure of the cipher.
//
// Error: an *ArgError for a cipher that is not in the table above, or a field of the wrong length.
func (c TLSCryptoInfo) Bytes() ([]byte, error) {
	sizes, ok := tlsSizes[c.Cipher]
	if !ok {
		return nil, &ArgError{ArgUnknown, "cipher", c.Cipher, "unknown TLS cipher"}
	}
	names := [4]string{"IV", "Key", "Salt", "RecSeq"}
	b := binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, c.Version), c.Cipher)
	for i, part := range [4][]byte{c.IV, c.Key, c.Salt, c.RecSeq} {
		if len(part) != sizes[i] {
			return nil, &ArgError{ArgLength, names[i], fmt.Sprintf("%d bytes", len(part)), fmt.Sprintf("cipher %d wants %d bytes", c.Cipher, sizes[i])}
		}
		b = append(b, part...)
	}
	return b, nil
}

// SetULP attaches an upper layer protocol, "tls", to a connected TCP socket: TCP_ULP. Linux only.
//
// Errors: ENOENT if the kernel has no protocol of that name (CONFIG_TLS); ENOTCONN; EEXIST for a
// second protocol.
func (s *Socket) SetULP(name string) error {
	err := s.setName("TCP_ULP", options.ulp, name)
	if err == nil {
		s.flags.Or(hasULP)
	}
	return err
}

// TLSRecordType is the content type of a TLS record that is not data (alert 21, handshake 22), on a
// socket that has TLS in the kernel. Give it to a send to make one record of that type. A receive
// with room for ancillary data gets it beside such a record. A receive without that room, such as
// Recv, fails with EIO, and the record stays in the queue. The item is an unsigned char of SOL_TLS.
type TLSRecordType byte

// Control returns the control item for sendmsg(2): TLS_SET_RECORD_TYPE.
func (t TLSRecordType) Control() Control {
	return Control{SOL_TLS, TLS_SET_RECORD_TYPE, []byte{byte(t)}}
}

// TLSRecordType decodes an item of the type TLS_GET_RECORD_TYPE or TLS_SET_RECORD_TYPE.
func (c Control) TLSRecordType() (TLSRecordType, bool) {
	if !c.is(SOL_TLS, TLS_GET_RECORD_TYPE) && !c.is(SOL_TLS, TLS_SET_RECORD_TYPE) || len(c.Data) != 1 {
		return 0, false
	}
	return TLSRecordType(c.Data[0]), true
}

// learnULP notes whether the socket has an upper layer protocol. With one, a short receive does not
// prove that the queue is empty: a receive ends with a record, and another record or an alert may
// follow it.
func (s *core) learnULP(sysfd int) {
	if options.ulp == 0 || !s.isTCP() {
		return
	}
	var name [mostName + 1]byte
	if n, err := sysGetsockopt(sysfd, IPPROTO_TCP, options.ulp, name[:]); err == nil && n > 0 {
		s.flags.Or(hasULP)
	}
}

// SetTLSTx gives the kernel the keys that encrypt everything sent from now on: TLS_TX. Call SetULP
// first.
//
// Errors: those of Bytes; EBUSY for a second call in TLS 1.2; EINVAL, ENOTSUPP for keys that the
// kernel refuses.
func (s *Socket) SetTLSTx(c TLSCryptoInfo) error { return s.setTLS(TLS_TX, c) }

// SetTLSRx gives the kernel the keys that decrypt everything received from now on: TLS_RX. For
// errors see SetTLSTx.
func (s *Socket) SetTLSRx(c TLSCryptoInfo) error { return s.setTLS(TLS_RX, c) }

func (s *Socket) setTLS(name int, c TLSCryptoInfo) error {
	b, err := c.Bytes()
	if err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	if options.ulp == 0 {
		name = 0
	}
	defer clear(b) // b holds keys
	return s.setOption("TLS in the kernel", SOL_TLS, name, b)
}
