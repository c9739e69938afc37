package tlsrecord

import (
	"crypto/cipher"
	"encoding/binary"
	"math"
	"weak"
)

// maxSecret is the room for what a direction keeps: a traffic secret of TLS 1.3, or the key and the
// IV of TLS 1.2.
const maxSecret = 48

// A half is one direction of a connection. Idle, it is this and no more: the cipher is made when it
// is used, and kept until the next garbage collection.
type half struct {
	seq    uint64          // of the next record
	secret [maxSecret]byte // TLS 1.3: the traffic secret; TLS 1.2: the key and the IV
	live   weak.Pointer[live]
}

// A live is the cipher of a half.
type live struct {
	aead cipher.AEAD
	iv   [12]byte

	// What the cipher gets with a record. It is here because what goes into a method of an
	// interface is allocated otherwise.
	nonce [12]byte
	added [13]byte
}

// keys are the key and the IV.
func (h *half) keys(s *Suite, tls13 bool) (key, iv []byte, err error) {
	if tls13 {
		return s.Keys13(h.secret[:s.SecretSize()])
	}
	return h.secret[:s.KeySize], h.secret[s.KeySize : s.KeySize+s.IVSize], nil
}

// cipher returns the cipher of the direction.
func (h *half) cipher(s *Suite, tls13 bool) (*live, error) {
	if l := h.live.Value(); l != nil {
		return l, nil
	}
	key, iv, err := h.keys(s, tls13)
	if err != nil {
		return nil, err
	}
	l := new(live)
	if l.aead, err = s.aead(key); err != nil {
		return nil, err
	}
	copy(l.iv[:], iv)
	h.live = weak.Make(l)
	return l, nil
}

// update goes on to the next traffic secret.
func (h *half) update(s *Suite) error {
	next, err := s.Next(h.secret[:s.SecretSize()])
	if err != nil {
		return err
	}
	copy(h.secret[:], next)
	h.seq, h.live = 0, weak.Pointer[live]{}
	return nil
}

// nonce13 is the nonce of the next record of TLS 1.3: RFC 8446, section 5.3.
func (h *half) nonce13(l *live) []byte {
	copy(l.nonce[:4], l.iv[:4])
	binary.BigEndian.PutUint64(l.nonce[4:], binary.BigEndian.Uint64(l.iv[4:])^h.seq)
	return l.nonce[:]
}

// nonce12 is that of a record of TLS 1.2 with AES-GCM: RFC 5288, section 3.
func nonce12(l *live, explicit []byte) []byte {
	copy(l.nonce[:], l.iv[:4])
	copy(l.nonce[4:], explicit)
	return l.nonce[:]
}

// additional12 is the additional data of a record of TLS 1.2 whose plaintext has n bytes: RFC 5246,
// section 6.2.3.3.
func (h *half) additional12(l *live, typ byte, n int) []byte {
	ad := l.added[:]
	binary.BigEndian.PutUint64(ad, h.seq)
	ad[8], ad[9], ad[10] = typ, 3, 3
	binary.BigEndian.PutUint16(ad[11:], uint16(n))
	return ad
}

// spent says that the direction has no number for another record.
func (h *half) spent() bool { return h.seq == math.MaxUint64 }
