package tlsrecord

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
)

// A Suite is what the record layer has to know of a cipher suite.
type Suite struct {
	ID      uint16 // of crypto/tls
	KeySize int    // bytes
	IVSize  int    // bytes of the nonce that come from the key derivation: 12, or 4 in TLS 1.2 with AES-GCM
	chacha  bool
	hash    func() hash.Hash
}

var suites13 = [...]Suite{
	{tls.TLS_AES_128_GCM_SHA256, 16, 12, false, sha256.New},
	{tls.TLS_AES_256_GCM_SHA384, 32, 12, false, sha512.New384},
	{tls.TLS_CHACHA20_POLY1305_SHA256, 32, 12, true, sha256.New},
}

var suites12 = [...]Suite{
	{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, 16, 4, false, sha256.New},
	{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 16, 4, false, sha256.New},
	{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 32, 4, false, sha512.New384},
	{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, 32, 4, false, sha512.New384},
	{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, 32, 12, true, sha256.New},
	{tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, 32, 12, true, sha256.New},
}

// SuiteOf returns the suite of a version and a number of crypto/tls, or nil: CBC and RC4, older
// versions, RSA key exchange.
func SuiteOf(version, id uint16) *Suite {
	suites := suites12[:]
	switch version {
	case tls.VersionTLS13:
		suites = suites13[:]
	case tls.VersionTLS12:
	default:
		return nil
	}
	for i := range suites {
		if suites[i].ID == id {
			return &suites[i]
		}
	}
	return nil
}

// ChaCha says that the cipher is ChaCha20-Poly1305, and not AES-GCM.
func (s *Suite) ChaCha() bool { return s.chacha }

// SecretSize is the length of a traffic secret of TLS 1.3, and of a finished message's data.
func (s *Suite) SecretSize() int { return s.hash().Size() }

// expandLabel is HKDF-Expand-Label without a context. RFC 8446, section 7.1:
//
//	struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } HkdfLabel
func (s *Suite) expandLabel(secret []byte, label string, n int) ([]byte, error) {
	info := binary.BigEndian.AppendUint16(nil, uint16(n))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label...)
	info = append(info, 0)
	return hkdf.Expand(s.hash, secret, string(info), n)
}

// Keys13 are the key and the IV of a traffic secret of TLS 1.3. RFC 8446, section 7.3.
func (s *Suite) Keys13(secret []byte) (key, iv []byte, err error) {
	if key, err = s.expandLabel(secret, "key", s.KeySize); err != nil {
		return nil, nil, err
	}
	iv, err = s.expandLabel(secret, "iv", s.IVSize)
	return key, iv, err
}

// Next is the traffic secret that follows. RFC 8446, section 7.2.
func (s *Suite) Next(secret []byte) ([]byte, error) {
	return s.expandLabel(secret, "traffic upd", len(secret))
}

// Keys12 are the keys and IVs of both directions of TLS 1.2. RFC 5246, section 6.3; AEAD ciphers
// have no MAC keys.
func (s *Suite) Keys12(master, clientRandom, serverRandom []byte) (clientKey, clientIV, serverKey, serverIV []byte) {
	seed := append([]byte("key expansion"), serverRandom...)
	seed = append(seed, clientRandom...)
	b := s.prf(master, seed, 2*s.KeySize+2*s.IVSize)
	cut := func(n int) []byte {
		part := b[:n:n]
		b = b[n:]
		return part
	}
	clientKey, serverKey = cut(s.KeySize), cut(s.KeySize)
	clientIV, serverIV = cut(s.IVSize), cut(s.IVSize)
	return clientKey, clientIV, serverKey, serverIV
}

// prf is P_hash of RFC 5246, section 5; seed begins with the label.
func (s *Suite) prf(secret, seed []byte, n int) []byte {
	sum := func(parts ...[]byte) []byte {
		m := hmac.New(s.hash, secret)
		for _, p := range parts {
			m.Write(p)
		}
		return m.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}

// ErrCipher is the error of a cipher that the standard library does not have on its own.
var ErrCipher = errors.New("the cipher is not AES-GCM")

// aead is the cipher with a key.
func (s *Suite) aead(key []byte) (cipher.AEAD, error) {
	if s.chacha {
		return nil, fmt.Errorf("%s: %w", tls.CipherSuiteName(s.ID), ErrCipher)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
